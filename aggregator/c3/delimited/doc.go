// Package delimited reads records and fields of text files as carriers write
// them: delimiters of one character or several, columns of fixed width, quotes
// or none, UTF-8, GBK or GB18030.
//
// Nothing in a file stops the reading but the end of its source. A record with a
// broken byte, a control character or too much of anything is handed out with
// the code of its fault, and the next record is read as if nothing had been.
// Memory is bounded by Config.MaxRecord whatever the file holds.
//
// A trail byte of GBK may be a letter or one of @ [ \ ] ^ _ ` { | } ~. Records
// are therefore cut where no trail byte can be, decoded as a whole, and split
// into fields only then.
package delimited
