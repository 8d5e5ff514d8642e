// Package normal turns what catalogues write into what it means: genre, place of
// production, content provider, definition and length, by dictionaries that an
// operator edits. What was sent is kept beside; what nobody knows is explicitly
// unknown, and listed with its weight so that somebody can add it.
package normal
