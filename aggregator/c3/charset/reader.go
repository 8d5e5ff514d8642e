package charset

import (
	"io"
	"unicode/utf8"
)

const (
	blockSize = 64 << 10
	// smallest is the room any step needs to make progress: one character.
	smallest = utf8.UTFMax
)

// Reader reads clean UTF-8, see the package. Not safe for concurrent use.
type Reader struct {
	src     io.Reader
	charset Charset
	decode  step // nil until the file's begin was seen
	dirty   [256]class

	raw []byte // raw[at:end] is read from src and not decoded
	at  int
	end int
	err error // of src, once raw is decoded

	spill      [smallest]byte // decoded for a caller whose p was smaller than a character
	spillStart int
	spillEnd   int

	through  int64 // bytes of src decoded
	controls int64
	broken   int64
	first    int64 // offset of the first broken byte
}

// step decodes from src to dst, as far as there is room and src holds whole
// characters. At end of file a part of a character is broken.
type step func(r *Reader, dst, src []byte, eof bool) (nDst, nSrc int)

// class is what a byte of an ASCII-compatible charset asks for.
type class uint8

const (
	plain   class = iota // stays
	control              // becomes a space
	high                 // part of a character
)

// NewReader reads src, whose text is in charset c. A byte order mark of UTF-8 or
// UTF-16 prevails over c: no text of another charset begins like that. The
// control characters in keep stay as they are, but for Broken.
func NewReader(src io.Reader, c Charset, keep string) *Reader {
	r := &Reader{src: src, charset: c, raw: make([]byte, blockSize), first: -1}
	for b := range r.dirty {
		switch {
		case b >= utf8.RuneSelf:
			r.dirty[b] = high
		case b < ' ' && b != '\t' && b != '\n' && b != '\r' || b == 0x7f:
			r.dirty[b] = control
		}
	}
	for _, b := range []byte(keep) {
		if b < utf8.RuneSelf && b != Broken {
			r.dirty[b] = plain
		}
	}
	return r
}

// Charset is the one in use: what NewReader was given, unless a byte order mark
// said otherwise; of Auto what was found, and Auto as long as all was ASCII.
func (r *Reader) Charset() Charset { return r.charset }

// Controls is how many control characters have become spaces so far.
func (r *Reader) Controls() int64 { return r.controls }

// Broken is how many bytes read so far were no text, and the offset of the first
// of them in the file; -1 if there was none.
func (r *Reader) Broken() (count, first int64) { return r.broken, r.first }

// Read reads clean UTF-8. An error of the source comes after all that was read
// before it.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if r.spillStart < r.spillEnd {
			n := copy(p, r.spill[r.spillStart:r.spillEnd])
			r.spillStart += n
			return n, nil
		}
		if len(p) >= smallest {
			if n := r.advance(p); n > 0 {
				return n, nil
			}
		} else if n := r.advance(r.spill[:]); n > 0 {
			r.spillStart, r.spillEnd = 0, n
			continue
		}
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
}

// advance decodes what it can into p. 0 means that raw must be filled.
func (r *Reader) advance(p []byte) int {
	for r.at < r.end {
		nDst, nSrc := r.decode(r, p, r.raw[r.at:r.end], r.err == io.EOF)
		r.at += nSrc
		r.through += int64(nSrc)
		if nDst > 0 {
			return nDst
		}
		if r.charset != Auto || r.at > 0 && r.err == nil {
			return 0 // a part of a character, or too little to judge by
		}
		r.use(judge(r.raw[r.at:r.end]))
	}
	return 0
}

// fill reads until raw is full or the source ends, so that a charset is judged
// by as much as there is.
func (r *Reader) fill() {
	r.end = copy(r.raw, r.raw[r.at:r.end])
	r.at = 0
	for idle := 0; r.end < len(r.raw) && r.err == nil; {
		n, err := r.src.Read(r.raw[r.end:])
		r.end += n
		r.err = err
		if idle++; n > 0 {
			idle = 0
		} else if idle == 100 && err == nil {
			r.err = io.ErrNoProgress
		}
	}
	if r.decode == nil {
		c, mark := begin(r.raw[:r.end], r.charset)
		r.use(c)
		r.at, r.through = mark, int64(mark)
	}
}

func (r *Reader) use(c Charset) {
	r.charset = c
	r.decode = [...]step{Auto: decodeASCII, UTF8: decodeUTF8, GB18030: decodeGB18030, UTF16LE: decodeUTF16LE, UTF16BE: decodeUTF16BE}[c]
}

// breaks writes Broken and notes where: at src[i], where raw[at] is src[0].
func (r *Reader) breaks(dst []byte, i int) int {
	if r.broken == 0 {
		r.first = r.through + int64(i)
	}
	r.broken++
	dst[0] = Broken
	return 1
}
