/** Whether the system's error says that there is no such file. Any other error may pass, and the file be there again. */
export const saysAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
