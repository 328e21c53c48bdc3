import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../models/errors.ts'
import { extraNetworks } from '../../../models/prompt/extra-networks.ts'

describe('LoRAs that a prompt names', () => {
  it.each([
    ['a fox', 'a fox', []],
    ['a fox <lora:ink>', 'a fox ', [{ name: 'ink', strength: 1 }]],
    ['<lora:ink:0.7>a fox', 'a fox', [{ name: 'ink', strength: 0.7 }]],
    ['a <lora:two words v1.0:-.5>fox', 'a fox', [{ name: 'two words v1.0', strength: -0.5 }]],
    // A1111 says the text encoders' first.
    ['<lora:ink:0.2:0.9>', '', [{ name: 'ink', strength: 0.9, textStrength: 0.2 }]],
    ['<lora:ink:te=0:unet=1>', '', [{ name: 'ink', strength: 1, textStrength: 0 }]],
    // What is said of the UNet alone leaves the text encoders at 1, as in A1111.
    ['<lora:ink:unet=0.5>', '', [{ name: 'ink', strength: 0.5, textStrength: 1 }]],
    ['<lora:ink:te=0.5>', '', [{ name: 'ink', strength: 0.5 }]],
    ['<lora:ink:0.5:0.5>', '', [{ name: 'ink', strength: 0.5 }]],
    [
      '<lyco:ink:1><lora:b:0>',
      '',
      [
        { name: 'ink', strength: 1 },
        { name: 'b', strength: 0 },
      ],
    ],
    ['a < b, <hypernet:x:1>, <lora:>', 'a < b, <hypernet:x:1>, <lora:>', []],
  ])('%s', (prompt, text, loras) => {
    expect(extraNetworks(prompt)).toEqual({ text, loras })
  })

  it.each(['<lora:ink:strong>', '<lora:ink:11>', '<lora:ink:>', '<lora:ink:NaN>', '<lora:ink:1:te=x>'])(
    'refuses %s in one sentence that shows it',
    prompt => {
      expect(() => extraNetworks(`a fox ${prompt}`)).toThrow(UserError)
      expect(() => extraNetworks(`a fox ${prompt}`)).toThrow(prompt)
    },
  )

  it('leaves every other text as it is, and finds what is put into it', () => {
    const plain = fc.string({ unit: 'grapheme' }).filter(text => !/[<>]/.test(text))
    const name = fc.stringMatching(/^[\w-][\w .-]*[\w-]$/)
    fc.assert(
      fc.property(
        plain,
        name,
        fc.double({ min: -10, max: 10, noNaN: true }),
        plain,
        (before, name, strength, behind) => {
          const { text, loras } = extraNetworks(`${before}<lora:${name}:${strength}>${behind}`)
          expect(text).toBe(before + behind)
          expect(loras).toEqual([{ name, strength: Number(String(strength)) }])
        },
      ),
    )
  })

  it('takes time in proportion to a hostile text', () => {
    const begin = performance.now()
    extraNetworks('<lora:a'.repeat(3000))
    extraNetworks(`<lora:a${':1'.repeat(9000)}`)
    expect(performance.now() - begin).toBeLessThan(1000)
  })
})
