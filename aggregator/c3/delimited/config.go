package delimited

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// DefaultMaxField and DefaultMaxRecord are the limits where Config has 0.
	DefaultMaxField  = 64 << 10
	DefaultMaxRecord = 1 << 20

	// MaxFields is how many fields a record may have.
	MaxFields = 4096
)

// Config says how a file is written. The zero Config is one column of UTF-8.
type Config struct {
	Charset Charset

	// Delimiter stands between fields, "" for files of one column or of fixed
	// widths. It is given in UTF-8 and looked for after decoding.
	Delimiter string

	// Widths are the widths of fixed columns, in bytes of the file's own charset
	// (a Chinese character of GBK is 2 wide), or with Characters in characters. A
	// record must be exactly as long as all of them; a last width of 0 takes what
	// is left. A character that a width cuts in two is bad_charset.
	Widths     []int
	Characters bool

	// End ends a record. "": \n, and a \r before it is dropped. In GBK and GB18030
	// it must begin with a byte below 30, which no trail byte is.
	End string

	// Quoted reads fields as CSV does: a field that begins with " ends with ",
	// and holds delimiters, line ends and doubled quotes. A quote within a field
	// that does not begin with one is an ordinary character. A quote that is never
	// closed takes the rest of the file with it: see Record.OpenQuote.
	Quoted bool

	// MaxField is the largest field in bytes of UTF-8, MaxRecord the largest
	// record in bytes as it lies in the file, its end not counted.
	MaxField, MaxRecord int
}

// Check says what is wrong with a Config, and what is allowed.
func (c Config) Check() error {
	switch {
	case len(c.Widths) > 0 && c.Delimiter != "":
		return errors.New("both a delimiter and widths; keep one")
	case len(c.Widths) > 0 && c.Quoted:
		return errors.New("quotes in columns of fixed width; take the quotes out")
	case !utf8.ValidString(c.Delimiter) || !utf8.ValidString(c.End):
		return errors.New("delimiter and end must be UTF-8")
	case len(c.Delimiter) > 16 || len(c.End) > 16:
		return errors.New("delimiter and end are at most 16 bytes long")
	case strings.ContainsAny(c.Delimiter, "\n\r") && c.End == "" || c.End != "" && strings.Contains(c.Delimiter, c.End):
		return errors.New("the delimiter holds the end of a record")
	case c.Quoted && (strings.Contains(c.Delimiter, `"`) || strings.Contains(c.End, `"`)):
		return errors.New("the delimiter holds a quote, and quotes are on")
	case c.Quoted && c.Delimiter == "":
		return errors.New("quotes need a delimiter")
	case c.Charset != UTF8 && c.End != "" && c.End[0] >= 0x30:
		return fmt.Errorf("in %s a record must end with a byte below 30, as \\n or \\x02: others may be the second half of a character", c.Charset)
	case c.MaxField < 0 || c.MaxRecord < 0 || c.MaxRecord > 1<<30:
		return errors.New("limits must lie between 1 and 1 GB")
	case len(c.Widths) > MaxFields:
		return fmt.Errorf("more than %d widths", MaxFields)
	}
	for i, w := range c.Widths {
		if w < 0 || w > 1<<20 || w == 0 && i != len(c.Widths)-1 {
			return fmt.Errorf("width %d is %d; allowed 1 to 1048576, and 0 for the rest in the last place", i+1, w)
		}
	}
	if _, err := c.Charset.AppendEncoded(nil, []byte(c.Delimiter+c.End)); err != nil {
		return fmt.Errorf("delimiter or end: %w", err)
	}
	return nil
}

func (c Config) maxField() int {
	if c.MaxField == 0 {
		return DefaultMaxField
	}
	return c.MaxField
}

func (c Config) maxRecord() int {
	if c.MaxRecord == 0 {
		return DefaultMaxRecord
	}
	return c.MaxRecord
}
