/** The page of the link: it hands the token of its address over, so that no server log or history has it. */
const page = (text: string, script: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Cicerone Studio</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
${script}
<p id="text" role="status">${text}</p>
</html>
`

export const openPage = page('Opening the studio.', '<script type="module" src="/open.js"></script>')

const used = 'This link has been used or is none of this studio. Open the link that the studio printed last.'

export const closedPage = page('Open the link that the studio printed when it started.', '')

export const openScript = `
const token = location.hash.slice(1)
history.replaceState(null, '', '/open')
const { ok } = await fetch('/session', { method: 'POST', body: token })
// Who already has a session needs no new one.
if (ok || (await fetch('/session')).ok) location.replace('/')
else document.getElementById('text').textContent = ${JSON.stringify(used)}
`
