import type { Component } from 'svelte'
import { render } from 'svelte/server'
import { expect, test } from 'vitest'
import { Studio, setStudio } from '../../renderer/state/studio.svelte.ts'
import PaintBar from '../../renderer/views/create/PaintBar.svelte'
import { jobOf, queueOf, StudioEnd, settled } from './studio-end.ts'

test('offers to cancel what is painted, not what waits', async () => {
  const end = new StudioEnd()
  const studio = new Studio(end)
  end.connection('open')
  await settled()
  const bar = PaintBar as unknown as Component<{ onpaint: () => void }>
  const Root: typeof bar = (internals, props) => {
    setStudio(studio)
    return bar(internals, props)
  }
  const text = () => render(Root, { props: { onpaint: () => {} }, context: new Map() }).body
  end.tell('queue.changed', { ...queueOf(jobOf(2, 'queued')), paused: true })
  expect(text()).toContain('Paint next')
  expect(text()).not.toContain('Cancel')
  end.tell('queue.changed', queueOf(jobOf(1, 'running'), jobOf(2, 'queued')))
  expect(text()).toContain('Cancel')
})
