import './jitless.ts'
import './app.css'
import { mount } from 'svelte'
import App from './App.svelte'

const target = document.getElementById('studio')
if (target === null) throw new Error('index.html has no #studio')
mount(App, { target })
