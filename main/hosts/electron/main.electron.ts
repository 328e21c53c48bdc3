import * as electron from 'electron'
import electronUpdater from 'electron-updater'
import { openDesktop } from './desktop.electron.ts'
import { startOf } from './start.ts'

const start = startOf(process.argv, process.cwd(), process.defaultApp === true)
// Not awaited: Electron is ready only when this module has ended.
void openDesktop(electron, start, () => electronUpdater.autoUpdater)
