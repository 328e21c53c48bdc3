import { jobs } from './jobs.ts'
import { models } from './models.ts'
import { pictures } from './pictures.ts'
import { removals } from './removals.ts'
import { settings } from './settings.ts'

/** What the database can be asked: one file and one line here for each subject. Each call is one transaction. */
export const queries = { jobs, models, pictures, removals, settings } as const
