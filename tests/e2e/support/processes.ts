import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

interface Row {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** The process of the engine below a studio's own; undefined where it has none now. */
export const enginePid = (studio: number): number | undefined =>
  processes().find(({ parent, command }) => parent === studio && /engine[\\/]process\.[jt]s/.test(command))?.pid

export const isAlive = (pid: number): boolean => processes().some(row => row.pid === pid)

/** Ends a process, and on Windows all below it, at once and without asking. */
export function kill9(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It had ended before.
  }
}

function processes(): Row[] {
  if (process.platform === 'linux') return readdirSync('/proc').flatMap(fromProc)
  if (process.platform !== 'win32') {
    const text = execFileSync('ps', ['-axo', 'pid=,ppid=,command='], { encoding: 'utf8' })
    return text.split('\n').flatMap(line => {
      const [, pid, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
      return pid ? [{ pid: Number(pid), parent: Number(parent), command }] : []
    })
  }
  const query = 'Get-CimInstance Win32_Process | Select-Object ProcessId,ParentProcessId,CommandLine | ConvertTo-Json'
  const rows: { ProcessId: number; ParentProcessId: number; CommandLine: string | null }[] = JSON.parse(
    execFileSync('powershell', ['-NoProfile', '-Command', query], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
  )
  return rows.map(row => ({ pid: row.ProcessId, parent: row.ParentProcessId, command: row.CommandLine ?? '' }))
}

function fromProc(name: string): Row[] {
  if (!/^\d+$/.test(name)) return []
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
    // The name in brackets may hold anything; a zombie has ended.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z') return []
    const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return [{ pid: Number(name), parent: Number(parent), command }]
  } catch {
    return []
  }
}
