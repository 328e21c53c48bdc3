import { config } from 'zod'

// The window's content security policy forbids code made from text, which zod would try otherwise.
config({ jitless: true })
