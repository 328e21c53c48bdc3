import { index, integer, primaryKey, real, sql, sqliteTable, text } from './drizzle.ts'

/**
 * The whole schema. Migrations are made of it (`npm run generate:migration`), but for the full-text table `search` and
 * its triggers, which stand in a migration alone.
 */

/**
 * What the grid shows and filters by, in narrow rows. `id` is `created * 100 + n`: rows lie in the order in which they are
 * shown, and every index below ends in that order. One page is one short walk, wherever it begins.
 */
export const pictures = sqliteTable(
  'pictures',
  {
    id: integer().primaryKey(),
    /** Below the data folder, with forward slashes: `pictures/2026-01-31/142501.png`. */
    file: text().notNull().unique(),
    /** Bytes. */
    size: integer().notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    /** Milliseconds since 1970: the file's modification time. */
    created: integer().notNull(),
    starred: integer({ mode: 'boolean' }).notNull().default(false),
    /** Mean colour, red green blue in 24 bits; null until its thumbnail has been made. */
    colour: integer(),
    /** What follows is null where the file does not say it. */
    base: text(),
    method: text(),
    sampler: text(),
    guidance: real(),
    steps: integer(),
    seed: integer(),
  },
  table => [
    index('pictures_starred').on(table.starred).where(sql`starred = 1`),
    index('pictures_base').on(sql`base COLLATE NOCASE`),
    index('pictures_method').on(sql`method COLLATE NOCASE`),
    index('pictures_sampler').on(sql`sampler COLLATE NOCASE`),
    index('pictures_guidance').on(table.guidance),
    index('pictures_steps').on(table.steps),
    index('pictures_seed').on(table.seed),
  ],
)

/** How a picture was made; one without settings has none. */
export const generations = sqliteTable('generations', {
  picture: integer()
    .primaryKey()
    .references(() => pictures.id, { onDelete: 'cascade' }),
  prompt: text().notNull(),
  negative: text().notNull(),
  /** The settings as the file carries them, complete. */
  settings: text({ mode: 'json' }).notNull(),
  /** What it cost, where it was painted here. */
  passes: integer(),
  seconds: real(),
})

export const tags = sqliteTable('tags', {
  id: integer().primaryKey(),
  name: text().notNull().unique(),
})

export const pictureTags = sqliteTable(
  'picture_tags',
  {
    picture: integer()
      .notNull()
      .references(() => pictures.id, { onDelete: 'cascade' }),
    tag: integer()
      .notNull()
      .references(() => tags.id, { onDelete: 'cascade' }),
  },
  table => [primaryKey({ columns: [table.tag, table.picture] }), index('picture_tags_picture').on(table.picture)],
)

export const albums = sqliteTable('albums', {
  id: integer().primaryKey(),
  name: text().notNull().unique(),
  created: integer().notNull(),
})

export const albumPictures = sqliteTable(
  'album_pictures',
  {
    album: integer()
      .notNull()
      .references(() => albums.id, { onDelete: 'cascade' }),
    picture: integer()
      .notNull()
      .references(() => pictures.id, { onDelete: 'cascade' }),
  },
  table => [primaryKey({ columns: [table.album, table.picture] }), index('album_pictures_picture').on(table.picture)],
)

/** The journal of removals: what has left the gallery, until its files have left the disk. */
export const removals = sqliteTable('removals', {
  /** What the window calls to take it back. */
  id: text().primaryKey(),
  created: integer().notNull(),
  /** Set before the first file goes; from then on it cannot be taken back. */
  final: integer({ mode: 'boolean' }).notNull().default(false),
})

export const removedPictures = sqliteTable(
  'removed_pictures',
  {
    file: text().primaryKey(),
    removal: text()
      .notNull()
      .references(() => removals.id, { onDelete: 'cascade' }),
    /** Every row that spoke of the picture. */
    rows: text({ mode: 'json' }).notNull(),
  },
  table => [index('removed_pictures_removal').on(table.removal)],
)

/** What the queue does: requests for pictures, and guides to train. */
export const jobs = sqliteTable(
  'jobs',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    kind: text({ enum: ['paint', 'train'] })
      .notNull()
      .default('paint'),
    state: text({ enum: ['queued', 'running', 'done', 'failed', 'cancelled'] }).notNull(),
    /** Queued jobs run in this order. */
    position: integer().notNull(),
    /** What is to be painted, or the run that is trained and its name. */
    request: text({ mode: 'json' }).notNull(),
    /** Pictures that are done. */
    done: integer().notNull().default(0),
    /** How often its process died on it. */
    deaths: integer().notNull().default(0),
    /** Why it failed: one sentence, and what to do. */
    errorMessage: text('error_message'),
    errorHint: text('error_hint'),
    created: integer().notNull(),
    started: integer(),
    finished: integer(),
  },
  table => [index('jobs_state').on(table.state, table.position)],
)

/** Folders of other programs, used in place. */
export const modelFolders = sqliteTable('model_folders', {
  path: text().primaryKey(),
  created: integer().notNull(),
})

export const models = sqliteTable(
  'models',
  {
    id: text().primaryKey(),
    kind: text({ enum: ['base', 'guide', 'lora', 'vae', 'embedding', 'other'] }).notNull(),
    name: text().notNull(),
    architecture: text(),
    path: text().notNull().unique(),
    /** Bytes of all its files, and the newest modification time in milliseconds: whether the hash still holds. */
    size: integer().notNull(),
    modified: real().notNull(),
    dtype: text().notNull(),
    parameters: integer().notNull(),
    predictionType: text('prediction_type'),
    nativeSize: integer('native_size'),
    /** What the person says of a base where its files are not believed; null leaves it to them. */
    chosenArchitecture: text('chosen_architecture', { enum: ['sd1', 'sd2', 'sdxl'] }),
    chosenPrediction: text('chosen_prediction', { enum: ['epsilon', 'v_prediction'] }),
    /** First 10 hex of the file's SHA-256, first 12 of what follows its header. */
    autoV2: text('auto_v2'),
    autoV3: text('auto_v3'),
    place: text({ enum: ['shipped', 'copied', 'linked', 'in place'] }).notNull(),
    folder: text().references(() => modelFolders.path, { onDelete: 'cascade' }),
    usable: integer({ mode: 'boolean' }).notNull(),
    problem: text(),
    /** Picture that stands beside it. */
    preview: text(),
    created: integer().notNull(),
  },
  table => [index('models_folder').on(table.folder), index('models_hash').on(table.autoV2)],
)

/** Small things that are kept, by key. */
export const settings = sqliteTable('settings', {
  key: text().primaryKey(),
  value: text({ mode: 'json' }),
})
