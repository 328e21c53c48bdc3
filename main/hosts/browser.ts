import { spawn } from 'node:child_process'

/** Opens a link in the person's own browser; silently does nothing where there is no display or no browser. */
export function openBrowser(link: string): void {
  const command = commandFor(process.platform, process.env)
  if (!command) return
  const child = spawn(command[0], [...command.slice(1), link], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}

function commandFor(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): readonly [string, ...string[]] | undefined {
  if (platform === 'darwin') return ['open']
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : undefined
}
