// Package epg holds EPG pages as carriers write them, a fixture that serves
// them beside the agent's endpoint, and the test of the SDK in an interpreter
// that knows ECMAScript 3 and nothing later. testbench/browser drives the pages.
package epg
