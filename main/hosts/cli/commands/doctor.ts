import { Command } from 'commander'
import { dataFolder } from '../../../paths.ts'
import { diagnose } from '../../../services/doctor.ts'
import { type CommonOptions, common, exitCode, run } from '../run.ts'

export const doctor = (): Command =>
  common(new Command('doctor'))
    .description('check what painting needs on this computer')
    .action((options: CommonOptions) =>
      run(options, async () => {
        const { checks, devices, ...facts } = await diagnose(dataFolder(options.dataDir))
        if (options.json) console.log(JSON.stringify({ ...facts, devices, checks }))
        else {
          for (const [name, value] of Object.entries(facts)) console.log(`${name}: ${value}`)
          for (const { name, usable, reason } of devices) console.log(`${usable ? '+' : '-'} ${name}: ${reason}`)
          for (const { name, ok, detail } of checks) console.log(`${ok ? '+' : '-'} ${name}: ${detail}`)
        }
        const failed = checks.find(({ ok }) => !ok)
        if (!failed) return
        console.error(`The ${failed.name} does not work: ${failed.detail}`)
        process.exitCode = exitCode.failed
      }),
    )
