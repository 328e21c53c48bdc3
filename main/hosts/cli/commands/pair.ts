import { Command } from 'commander'
import { dataFolder } from '../../../paths.ts'
import { modelPair, type PairOptions } from '../model-pair.ts'
import { type CommonOptions, common, run } from '../run.ts'

interface Options extends CommonOptions, PairOptions {}

export const pair = (): Command =>
  common(new Command('pair'))
    .description('say how much of CFG a guide recovers on a base, from a few small latents')
    .requiredOption('--base <id|path>', 'a model of the library, or its file or folder')
    .requiredOption('--guide <id|path>', 'a guide of the library, or its file')
    .action(({ json, dataDir, ...chosen }: Options) =>
      run({ json, dataDir }, async signal => {
        const { scorePair } = await import('../../../services/evaluation.ts')
        const { openDevices } = await import('../../../services/devices.ts')
        const target = await openDevices().target({})
        const score = await scorePair(await modelPair(dataFolder(dataDir), chosen), { target, signal })
        if (json) return console.log(JSON.stringify(score))
        const { recovery, error, effectiveGuidance, guidance, latents } = score
        console.log(`recovers ${(recovery * 100).toFixed(0)}% of CFG`)
        console.log(`guidance error ${error.toFixed(2)} (0 is CFG, 1 no guidance)`)
        console.log(`effective guidance ${effectiveGuidance.toFixed(2)} where ${guidance} is asked for`)
        console.error(`Seen on ${latents} latents.`)
      }),
    )
