import { shapeText } from '../tensor/tensor.ts'
import { add } from './ops/add.ts'
import { after } from './ops/after.ts'
import { concat } from './ops/concat.ts'
import { expand } from './ops/expand.ts'
import { padOp } from './ops/pad.ts'
import { recomputation } from './recompute.ts'
import { simplify } from './simplify.ts'
import { ShapeError, scalar, typeText, type Value } from './value.ts'
import { inputsOf, topological } from './walk.ts'

/**
 * The gradients of a loss with respect to some values, each of that value's shape, as a graph that computes them:
 * reverse-mode differentiation, graph in, graph out. Values that are equal count as one. What the loss does not
 * depend on gets zeros. Nothing is built for what leads to none of the values: a frozen part of a network before the
 * first of them costs and keeps nothing.
 *
 * Where `boundaries` are given, what was computed between them is not kept for the backward pass but computed anew:
 * less memory for about one more forward pass. Good boundaries are few and small, as the results of a network's blocks.
 *
 * Throws `ShapeError` where the loss is not one f32 number, or a value is not f32.
 */
export function gradients(loss: Value, wrt: readonly Value[], boundaries: readonly Value[] = []): readonly Value[] {
  if (loss.dtype !== 'f32' || loss.shape.some(size => size !== 1))
    throw new ShapeError(`a loss is one f32 number; got ${typeText(loss)}`)
  const whole = wrt.find(({ dtype }) => dtype !== 'f32')
  if (whole) throw new ShapeError(`only f32 has gradients; got ${typeText(whole)}`)

  const simple = Object.values(
    simplify(Object.fromEntries([loss, ...wrt, ...boundaries].map((value, i) => [i, value]))),
  )
  const [end, targets] = [simple[0] as Value, simple.slice(1, 1 + wrt.length)]
  const order = topological([end])
  const blocks = new Set(simple.slice(1 + wrt.length))
  const seen = recomputation(order, blocks)
  const leading = leadingTo(new Set(targets), order)
  const parts = new Map<Value, Value[]>([[end, [expand(scalar(1), loss.shape)]]])
  const totals = new Map<Value, Value>()
  const asked = new Set(targets)
  let finished: Value[] = []
  for (const value of order.toReversed()) {
    const arrived = leading.has(value) && parts.get(value)
    if (!arrived) continue
    parts.delete(value)
    let total = addUp(arrived)
    // A block's gradients come before the block below: the runtime would leave them, and all that they need, to the end.
    if (blocks.has(value) && finished.length > 0) {
      total = after(total, ...finished)
      finished = []
    }
    totals.set(value, total)
    if (asked.has(value)) finished.push(total)
    if (value.kind !== 'node') continue
    for (const [i, gradient] of value.op.gradient(total, seen(value, total)).entries()) {
      const input = value.inputs[i] as Value
      if (!gradient || !leading.has(input)) continue
      if (gradient.shape.join() !== input.shape.join())
        throw new Error(`${value.op.name} gives ${typeText(input)} a gradient of shape ${shapeText(gradient.shape)}`)
      parts.set(input, [...(parts.get(input) ?? []), gradient])
    }
  }
  return targets.map(value => totals.get(value) ?? expand(scalar(0), value.shape))
}

/** The targets and what is computed from them, of values in topological order. */
function leadingTo(targets: ReadonlySet<Value>, order: readonly Value[]): Set<Value> {
  const leading = new Set<Value>()
  for (const value of order) if (targets.has(value) || inputsOf(value).some(v => leading.has(v))) leading.add(value)
  return leading
}

/** The sum of gradients; those of the slices that a value was cut into are joined rather than padded and added. */
function addUp(gradients: readonly Value[]): Value {
  return joined(gradients) ?? gradients.reduce(add)
}

interface Part {
  readonly value: Value
  readonly axis: number
  readonly start: number
  readonly end: number
}

function joined(gradients: readonly Value[]): Value | undefined {
  const parts = gradients.map(partOf)
  if (parts.length < 2 || !parts.every(part => part !== undefined)) return undefined
  const sorted = parts.toSorted((a, b) => a.start - b.start)
  const { axis } = sorted[0] as Part
  const whole = (gradients[0] as Value).shape[axis]
  const follows = ({ start, axis: own }: Part, i: number) => own === axis && start === (sorted[i - 1]?.end ?? 0)
  if (!sorted.every(follows) || sorted.at(-1)?.end !== whole) return undefined
  return concat(
    sorted.map(({ value }) => value),
    axis,
  )
}

/** What a value holds between zeros along one axis. */
function partOf(value: Value): Part | undefined {
  if (value.kind !== 'node' || value.op.name !== padOp.name) return undefined
  const [inner] = value.inputs as [Value]
  const axes = value.shape.flatMap((size, axis) => (size === inner.shape[axis] ? [] : [axis]))
  const [axis] = axes
  if (axis === undefined || axes.length > 1) return undefined
  const { before } = value.params as { readonly before: readonly number[] }
  const start = before[axis] as number
  return { value: inner, axis, start, end: start + (inner.shape[axis] as number) }
}
