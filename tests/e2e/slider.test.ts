import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Browser, Page } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from './support/browser.ts'

let browser: Browser
let page: Page

/** A page with nothing but a slider from 0 to 10 at 5; what it says is in `said`. */
const entry = `
  import { mount } from 'svelte'
  import Slider from ${JSON.stringify(join(import.meta.dirname, '../../renderer/components/Slider.svelte'))}
  window.said = []
  const say = name => (...values) => window.said.push([name, ...values].join(' '))
  const props = { label: 'Slider', value: 5, min: 0, max: 10, step: 1 }
  mount(Slider, {
    target: document.body,
    props: { ...props, onchange: say('change'), oncommit: say('commit'), oncancel: say('cancel') },
  })`

beforeAll(async () => {
  const output = (await build({
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'entry',
        resolveId: id => (id === 'entry' ? id : undefined),
        load: id => (id === 'entry' ? entry : undefined),
      },
      svelte({ configFile: false }),
    ],
    build: { write: false, rolldownOptions: { input: 'entry' }, modulePreload: false },
  })) as Rolldown.RolldownOutput
  browser = await launchBrowser()
  page = await browser.newPage()
  await page.addScriptTag({ content: output.output[0].code, type: 'module' })
  await slider().waitFor()
}, 60_000)

afterAll(() => browser?.close())

const slider = () => page.getByRole('slider', { name: 'Slider' })
/** What it has said since it was last asked, once all is told. */
const said = () =>
  page.evaluate(async () => {
    await new Promise(resolve => setTimeout(resolve, 50))
    return (globalThis as unknown as { said: string[] }).said.splice(0)
  })

test('a drag that was given up says nothing more; the keys after it do', async () => {
  const box = await slider().boundingBox()
  if (box === null) throw new Error('It is not to be seen.')
  const pointTo = (share: number) => page.mouse.move(box.x + share * box.width, box.y + box.height / 2)
  await pointTo(0.5)
  await page.mouse.down()
  await pointTo(0.9)
  await page.keyboard.press('Escape')
  expect((await said()).at(-1)).toBe('cancel')
  await pointTo(0.2)
  await page.mouse.up()
  expect(await said()).toEqual([])
  expect(await slider().inputValue()).toBe('5')
  await page.keyboard.press('End')
  expect(await said()).toEqual(['change 10', 'commit 10 false'])
  await page.keyboard.press('Home')
  expect(await said()).toEqual(['change 0', 'commit 0 false'])
})
