/** Random tests are the same at every run; `SEED` and `RUNS` look further. fast-check prints both when one fails. */
export const check = (numRuns: number) => ({
  seed: Number(process.env.SEED ?? 20260714),
  numRuns: Number(process.env.RUNS ?? numRuns),
})
