import type * as Electron from 'electron'
import { origin } from './protocol.electron.ts'

/** What the window may do beyond showing itself: put text on the clipboard. */
const allowed = 'clipboard-sanitized-write'

const isOurs = (url: string): boolean => url === origin || url.startsWith(`${origin}/`)

/** Whether a message comes from the studio's own page in the top frame of its own window. */
export const isSender = (
  { sender, senderFrame }: Pick<Electron.IpcMainEvent, 'sender' | 'senderFrame'>,
  ours: Electron.WebContents,
): boolean => sender === ours && senderFrame !== null && senderFrame.parent === null && isOurs(senderFrame.url)

/** Denies every page all that the studio does not need: permissions, devices, the network, other pages and windows. */
export function lockDown({ app, session }: Pick<typeof Electron, 'app' | 'session'>): void {
  const { defaultSession } = session
  defaultSession.setPermissionRequestHandler((contents, permission, answer) =>
    answer(permission === allowed && isOurs(contents.getURL())),
  )
  defaultSession.setPermissionCheckHandler((_, permission, asking) => permission === allowed && isOurs(asking))
  defaultSession.setDevicePermissionHandler(() => false)
  defaultSession.webRequest.onBeforeRequest(({ url }, answer) =>
    answer({ cancel: !isOurs(url) && !/^(data|blob|devtools):/.test(url) }),
  )
  app.on('web-contents-created', (_, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
    // Only the page itself, which may be loaded again.
    const stay = (event: { readonly url: string; preventDefault(): void }) => {
      if (event.url.replace(/#.*/, '') !== `${origin}/`) event.preventDefault()
    }
    contents.on('will-navigate', stay)
    contents.on('will-frame-navigate', stay)
    contents.on('will-redirect', stay)
    contents.on('will-attach-webview', event => event.preventDefault())
  })
}
