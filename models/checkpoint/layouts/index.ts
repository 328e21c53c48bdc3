import { guide } from './guide.ts'
import type { Layout } from './layout.ts'
import { loras } from './lora/index.ts'
import { controlnet, embedding, textAlone, unetAlone, vaeAlone } from './parts.ts'
import { sd1 } from './sd1.ts'
import { sd2 } from './sd2.ts'
import { refiner, sdxl } from './sdxl.ts'
import { flux, sd3 } from './transformers.ts'
import { unknown } from './unknown.ts'

/** Every layout of one file; the first that matches describes it. */
export const layouts: readonly Layout[] = [
  guide,
  ...loras,
  embedding,
  controlnet,
  sd3,
  flux,
  refiner,
  sdxl,
  sd2,
  sd1,
  unetAlone,
  vaeAlone,
  textAlone,
  unknown,
]
