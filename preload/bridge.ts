import { contextBridge, ipcRenderer, webUtils } from 'electron'
import type { Bridge } from './contract/bridge.ts'
import { channels } from './contract/bridge.ts'

/** All that the sandboxed window can reach: main checks who sends, and the contract what is sent. */
const bridge: Bridge = {
  call: message => ipcRenderer.invoke(channels.call, message),
  onEvent: listener => {
    ipcRenderer.on(channels.event, (_, message) => listener(message))
    ipcRenderer.send(channels.listen)
  },
  pathOf: file => webUtils.getPathForFile(file),
  dragOut: ids => ipcRenderer.send(channels.drag, ids),
}

contextBridge.exposeInMainWorld('cicerone', bridge)
