import type { BaseCheckpoint } from '../../checkpoint/checkpoint.ts'
import type { ScheduleConfig } from '../../samplers/schedule.ts'

/** What modelspec calls a base's family. */
export function architectureOf({ architecture }: BaseCheckpoint, { predictionType }: ScheduleConfig): string {
  switch (architecture) {
    case 'sd1':
      return 'stable-diffusion-v1'
    case 'sd2':
      return predictionType === 'v_prediction' ? 'stable-diffusion-v2-768-v' : 'stable-diffusion-v2-512'
    case 'sdxl':
      return 'stable-diffusion-xl-v1-base'
  }
}
