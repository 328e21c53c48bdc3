/** What each folder may import of the others (DESIGN.md, "Folders"); within itself a folder is free. */
const folders = {
  renderer: ['preload/contract'],
  preload: [],
  main: ['models', 'preload/contract'],
  models: [],
}

/** The same inside models/, where errors.ts is everyone's. What is not named here may import all of models/. */
const models = {
  tensor: [],
  graph: ['tensor'],
  networks: ['tensor', 'graph'],
  checkpoint: ['tensor', 'graph', 'networks'],
  prompt: ['tensor'],
  samplers: ['tensor'],
  guidance: ['tensor', 'samplers'],
  runtime: ['tensor', 'graph'],
  pipelines: ['tensor', 'graph', 'networks', 'checkpoint', 'prompt', 'samplers', 'guidance', 'runtime'],
  training: ['tensor', 'graph', 'networks', 'checkpoint', 'prompt', 'samplers', 'guidance', 'runtime', 'pipelines'],
  evaluation: [
    ...['tensor', 'graph', 'networks', 'checkpoint', 'prompt', 'samplers', 'guidance', 'runtime', 'pipelines'],
    'training',
  ],
}

/** The only files that may import a package (tests may import all). */
const packages = {
  'onnxruntime-(node|common|web)': 'models/runtime/',
  'better-sqlite3|drizzle-orm': 'main/database/',
  'electron(-updater)?': '.+[.]electron[.]ts$|preload/bridge[.]ts$',
}

const packageNamed = name => `(^|node_modules/)(${name})(/|$)`

const folderRule = (folder, others, shared = []) => ({
  name: `${folder} imports ${others.length > 0 ? `only ${others.join(', ')}` : 'no other folder'}`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: {
    path: '^(renderer|preload|main|models|resources|tests)/',
    pathNot: [folder, ...others].map(other => `^${other}/`).concat(shared),
  },
})

export default {
  forbidden: [
    ...Object.entries(folders).map(([folder, others]) => folderRule(folder, others)),
    ...Object.entries(models).map(([folder, others]) =>
      folderRule(
        `models/${folder}`,
        others.map(other => `models/${other}`),
        ['^models/errors[.]ts$'],
      ),
    ),
    ...Object.entries(packages).map(([name, files]) => ({
      name: `only ${files} imports ${name}`,
      severity: 'error',
      from: { pathNot: `^(${files}|tests/)` },
      to: { path: packageNamed(name) },
    })),
    {
      name: 'preload imports only zod and, in its bridge, electron',
      severity: 'error',
      from: { path: '^preload/' },
      to: { pathNot: ['^preload/', packageNamed('zod|electron')] },
    },
    {
      name: 'no circles',
      comment: 'Ops may use each other to state their gradients, and a type may name the type that names it.',
      severity: 'error',
      from: {},
      to: { circular: true, via: { pathNot: '^models/graph/ops/' }, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '[.]d[.]ts$|[.]test[.]ts$|^[^/]+$' },
      to: {},
    },
    {
      name: 'every import resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|release|coverage)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'], exportsFields: ['exports'] },
  },
}
