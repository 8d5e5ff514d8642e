// Package normal brings a catalogue's objects to one vocabulary: genre, place of
// production, provider and definition, by dictionaries that an operator edits.
// DESIGN.md beside it says how values are matched and which property is believed.
package normal
