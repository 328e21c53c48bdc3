import fc from 'fast-check'
import { expect, test } from 'vitest'
import { summarise } from '../../../models/checkpoint/metadata.ts'

test('what tells a person something is kept, in its order', () => {
  const summary = summarise({
    'modelspec.title': 'Ink',
    'modelspec.trigger_phrase': 'ink wash',
    'modelspec.thumbnail': `data:image/jpeg;base64,${'A'.repeat(5000)}`,
    ss_network_dim: '16',
    ss_network_alpha: '8',
    ss_lr_scheduler_args: 'None',
    ss_learning_rate: 'None',
    ss_bucket_info: '{"buckets": {}}',
    ss_tag_frequency: '{"5_ink": {" boat ": 3, "sea": 9}, "1_reg": {"boat": 7}}',
    format: 'pt',
  })
  expect(summary).toEqual({
    about: { title: 'Ink', trigger_phrase: 'ink wash' },
    training: { network_dim: '16', network_alpha: '8' },
    tags: [
      { tag: 'boat', count: 10 },
      { tag: 'sea', count: 9 },
    ],
  })
})

test('tags that are none are left out, whatever they are', () => {
  for (const text of ['', '{', '[]', 'null', '{"a": 1}', '{"a": {"b": "many"}}', '{"a": {"b": null}}'])
    expect(summarise({ ss_tag_frequency: text }).tags).toEqual([])
  fc.assert(
    fc.property(fc.json(), text => {
      const { tags } = summarise({ ss_tag_frequency: text })
      expect(tags.length).toBeLessThanOrEqual(50)
    }),
  )
})
