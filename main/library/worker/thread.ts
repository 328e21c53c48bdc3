import { parentPort } from 'node:worker_threads'
import { hashModel } from '../../../models/checkpoint/hashes.ts'
import { UserError } from '../../../models/errors.ts'
import { requireVae } from '../beside.ts'
import { lookAt } from '../facts.ts'
import { reportPair } from '../guides.ts'
import { reportModel } from '../report.ts'
import type { Answer, Question, Result, Work } from './messages.ts'

const work: Work = {
  ...{ look: lookAt, report: reportModel, pair: reportPair, requireVae },
  hash: path => hashModel(path),
}

parentPort?.on('message', async (question: Question) => {
  parentPort?.postMessage(await answer(question))
})

async function answer({ id, work: name, given }: Question): Promise<Answer> {
  try {
    return { id, result: await (work[name] as (...given: Question['given']) => Promise<Result<keyof Work>>)(...given) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const user = error instanceof UserError
    return { id, error: { message, hint: user ? error.hint : '', user } }
  }
}
