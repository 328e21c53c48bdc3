import { otherFamilies, strangeLoras } from './families.ts'
import { guide } from './guide.ts'
import type { Layout } from './layout.ts'
import { loras } from './lora/index.ts'
import { embedding, textAlone, unetAlone, vaeAlone } from './parts.ts'
import { sd1 } from './sd1.ts'
import { sd2 } from './sd2.ts'
import { refiner, sdxl } from './sdxl.ts'
import { unknown } from './unknown.ts'

/** Every layout of one file; the first that matches describes it. */
export const layouts: readonly Layout[] = [
  guide,
  ...strangeLoras,
  ...loras,
  embedding,
  ...otherFamilies,
  refiner,
  sdxl,
  sd2,
  sd1,
  unetAlone,
  vaeAlone,
  textAlone,
  unknown,
]
