/** What a part does with a key, but for keys with Ctrl or Cmd, which are the window's: Ctrl+Enter paints from anywhere. */
export const plainKeys = (handler: unknown) => (event: KeyboardEvent) => {
  if (!event.ctrlKey && !event.metaKey && typeof handler === 'function') handler(event)
}
