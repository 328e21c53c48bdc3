import { expect, it } from 'vitest'
import { Fetching } from '../../../renderer/views/gallery/fetching.ts'

/** Tiles that ask, each so many rows away; `begun` fills as their turn comes. */
function asked(fetching: Fetching, ...rows: number[]) {
  const begun: number[] = []
  const done = rows.map(row =>
    fetching.ask(
      () => row,
      () => begun.push(row),
    ),
  )
  return { begun, done }
}
const turn = () => new Promise<void>(resolve => queueMicrotask(resolve))

it('fetches what is in sight first, a few at a time, and the next as one has come', async () => {
  const fetching = new Fetching()
  const { begun, done } = asked(fetching, 2, 1, 3, 0, 0, 0, 0, 0, 0, 1)
  expect(begun).toEqual([])
  await turn()
  expect(begun).toEqual([0, 0, 0, 0, 0, 0, 1, 1])
  done[3]?.()
  done[3]?.()
  await turn()
  expect(begun.slice(8)).toEqual([2])
})

it('forgets a tile that leaves before its turn, and gives its place away if it leaves after', async () => {
  const fetching = new Fetching()
  const { begun, done } = asked(fetching, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6)
  await turn()
  done[8]?.()
  await turn()
  expect(begun).toHaveLength(8)
  done[0]?.()
  await turn()
  expect(begun.slice(8)).toEqual([6])
})

it('begins nothing while it is held', async () => {
  const fetching = new Fetching()
  fetching.hold(true)
  const { begun } = asked(fetching, 0, 1)
  await turn()
  expect(begun).toEqual([])
  fetching.hold(false)
  expect(begun).toEqual([0, 1])
})
