import { expect, test } from 'vitest'
import { UserError } from '../../../models/errors.ts'
import { scheduleFromDiffusers } from '../../../models/samplers/diffusers.ts'
import { sd1Schedule } from '../../../models/samplers/schedule.ts'

const sd1 = {
  _class_name: 'DDIMScheduler',
  _diffusers_version: '0.42.1',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  rescale_betas_zero_snr: false,
  set_alpha_to_one: false,
  steps_offset: 1,
  timestep_spacing: 'leading',
  trained_betas: null,
}

test('reads what a diffusers file says', () => {
  expect(scheduleFromDiffusers(sd1)).toEqual({ config: sd1Schedule, sampler: 'ddim' })
  const other = { prediction_type: 'v_prediction', rescale_betas_zero_snr: true, timestep_spacing: 'trailing' }
  expect(scheduleFromDiffusers({ ...sd1, ...other }).config).toEqual({
    ...sd1Schedule,
    predictionType: 'v_prediction',
    rescaleBetasZeroSnr: true,
    spacing: 'trailing',
  })
})

test('missing fields take the defaults of their class', () => {
  const classDefaults = (_class_name: string) => {
    const { betaStart, betaEnd, betaSchedule, spacing, stepsOffset, setAlphaToOne } = scheduleFromDiffusers({
      _class_name,
    }).config
    return [betaStart, betaEnd, betaSchedule, spacing, stepsOffset, setAlphaToOne]
  }
  expect(classDefaults('DDIMScheduler')).toEqual([0.0001, 0.02, 'linear', 'leading', 0, true])
  expect(classDefaults('PNDMScheduler')).toEqual([0.0001, 0.02, 'linear', 'leading', 0, false])
  expect(classDefaults('EulerDiscreteScheduler')).toEqual([0.0001, 0.02, 'linear', 'linspace', 0, true])
  expect(classDefaults('HeunDiscreteScheduler')).toEqual([0.00085, 0.012, 'linear', 'linspace', 0, true])
  expect(classDefaults('LCMScheduler')).toEqual([0.00085, 0.012, 'scaled_linear', 'leading', 0, true])
  expect(scheduleFromDiffusers({}).config.predictionType).toBe('epsilon')
})

test.each([
  [{ _class_name: 'EulerDiscreteScheduler' }, 'euler', undefined],
  [{ _class_name: 'EulerDiscreteScheduler', use_karras_sigmas: true }, 'euler', 'karras'],
  [{ _class_name: 'EulerAncestralDiscreteScheduler' }, 'euler-a', undefined],
  [{ _class_name: 'HeunDiscreteScheduler', use_beta_sigmas: true }, 'heun', 'beta'],
  [{ _class_name: 'LMSDiscreteScheduler', use_exponential_sigmas: true }, 'lms', 'exponential'],
  [{ _class_name: 'DPMSolverMultistepScheduler', use_karras_sigmas: true }, 'dpmpp-2m', 'karras'],
  [{ _class_name: 'DPMSolverMultistepScheduler', algorithm_type: 'sde-dpmsolver++' }, 'dpmpp-2m-sde', undefined],
  [{ _class_name: 'DPMSolverMultistepScheduler', algorithm_type: 'dpmsolver' }, undefined, undefined],
  [{ _class_name: 'DPMSolverMultistepScheduler', solver_type: 'heun' }, undefined, undefined],
  [{ _class_name: 'DPMSolverMultistepScheduler', solver_order: 3 }, undefined, undefined],
  [{ _class_name: 'DPMSolverSDEScheduler' }, 'dpmpp-sde', undefined],
  [{ _class_name: 'UniPCMultistepScheduler' }, 'unipc', undefined],
  [{ _class_name: 'UniPCMultistepScheduler', solver_type: 'bh1' }, undefined, undefined],
  [{ _class_name: 'LCMScheduler' }, 'lcm', undefined],
  [{ _class_name: 'TCDScheduler' }, 'tcd', undefined],
  [{ _class_name: 'PNDMScheduler', skip_prk_steps: true, use_karras_sigmas: null }, 'pndm', undefined],
  [{ _class_name: 'PNDMScheduler' }, undefined, undefined],
  [{}, undefined, undefined],
])('%o stands for %s', (json, sampler, curve) => {
  const read = scheduleFromDiffusers(json)
  expect([read.sampler, read.config.curve]).toEqual([sampler, curve])
})

test.each([
  [null, 'is not a JSON object'],
  [[], 'is not a JSON object'],
  ['text', 'is not a JSON object'],
  [{ beta_schedule: 'sigmoid' }, 'beta_schedule that is not supported: "sigmoid"'],
  [{ prediction_type: 'flow_prediction' }, 'prediction_type that is not supported'],
  [{ timestep_spacing: 3 }, 'timestep_spacing that is not supported: 3'],
  [{ beta_start: '0.1' }, 'beta_start that is not supported'],
  [{ beta_end: 1 }, 'beta_end that is not supported'],
  [{ num_train_timesteps: 1e9 }, 'num_train_timesteps that is not supported'],
  [{ num_train_timesteps: 10.5 }, 'num_train_timesteps that is not supported'],
  [{ steps_offset: -1 }, 'steps_offset that is not supported'],
  [{ rescale_betas_zero_snr: 'yes' }, 'rescale_betas_zero_snr that is not supported'],
  [{ trained_betas: [0.1, 0.2] }, 'its own list of betas'],
  [{ use_lu_lambdas: true }, 'use_lu_lambdas that is not supported: true'],
  [{ original_inference_steps: 0 }, 'original_inference_steps that is not supported: 0'],
  [{ final_sigmas_type: 'sigma_min' }, 'final_sigmas_type that is not supported'],
  [{ interpolation_type: 'log_linear' }, 'interpolation_type that is not supported'],
])('%o is refused in one sentence', (json, part) => {
  expect(() => scheduleFromDiffusers(json)).toThrow(UserError)
  expect(() => scheduleFromDiffusers(json)).toThrow(part)
})
