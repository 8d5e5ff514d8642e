package session

import (
	"encoding/binary"
	"errors"

	"iptvdc/protocol"
)

// power says whether the box is on, as its power events told last.
type power uint8

const (
	powerOn power = iota
	powerStandby
	powerOff
)

// state is all that a Machine knows and that must outlive the agent. Times are
// milliseconds of the boot's clock.
type state struct {
	Boot    string // the kernel's id of the boot it belongs to
	Seq     uint64 // rises with every copy that is kept: the highest is the newest
	Serial  uint32 // identity in force
	Active  bool   // signals have come in this boot
	Stopped bool   // the agent ended in good order
	Power   power
	At      uint64 // of the last change; nothing that follows is dated before it
	Alive   uint64 // the box was on
	Sign    uint64 // last sign of a viewer
	Trace   uint32 // of the latest click of the boot

	Click clickMark
	Order orderMark
	Play  play
	TV    television
}

// clickMark is the latest click, while it may still lead to something.
type clickMark struct {
	Trace   uint32 // 0: none
	At      uint64
	Content string
	Played  bool // a play has followed
}

// orderMark is the latest order page that a click led to.
type orderMark struct {
	Trace uint32
	At    uint64
}

// play is what the player was asked to play, from the request to its end, with
// the segment that is under way. Mode 0: nothing plays.
type play struct {
	Mode    protocol.Mode
	Source  protocol.Source
	Channel string
	Content string
	Trace   uint32
	Asked   uint64 // when

	Start uint64 // of the segment
	Speed int32
	Part  uint32 // parts recorded of the play
	Keys  uint32 // pressed since the last part that was recorded

	FirstMs uint64 // from the request to the first picture; 0: not seen
	Stalls  uint32
	StallMs uint64
	Stall   uint64 // when the picture stopped, plus 1; 0: it moves
	Errors  uint32
	Error   string // the last one's code
	Failed  uint64 // when an error came that nothing has undone, plus 1; 0: none

	TV       protocol.TV // in the segment, up to Turn
	Length   uint32      // seconds of the asset; 0: not known
	Position uint64      // where in it the segment began, plus 1; 0: not known
	Turn     uint64      // when a change of the television or a jump came that has not cut it yet, plus 1; 0: none
	To       uint64      // where the jump went, plus 1; 0: none
}

// stateVersion is the first byte of an encoded state. Version 1, which an agent
// may find that was updated during a boot, ends after firstNumbers numbers; the
// rest is zero. Another one is no state.
const (
	stateVersion = 2
	firstNumbers = 28
)

// maxState bounds an encoded state: five texts and some forty numbers.
const maxState = 5*(protocol.MaxString+2) + 40*binary.MaxVarintLen64

// encode returns s in at most maxState bytes, about 80 without its texts.
func (s *state) encode() []byte {
	p := &s.Play
	b := append(make([]byte, 0, 192), stateVersion)
	b = appendTexts(b, s.Boot, s.Click.Content, p.Channel, p.Content, p.Error)
	for _, v := range s.numbers() {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

func (s *state) numbers() []uint64 {
	c, p := &s.Click, &s.Play
	return []uint64{s.Seq, uint64(s.Serial), bit(s.Active), bit(s.Stopped), uint64(s.Power), s.At, s.Alive, s.Sign, uint64(s.Trace),
		uint64(c.Trace), c.At, bit(c.Played), uint64(s.Order.Trace), s.Order.At,
		uint64(p.Mode), uint64(p.Source), uint64(p.Trace), p.Asked, p.Start, uint64(p.Speed + protocol.MaxSpeed), uint64(p.Part), uint64(p.Keys),
		p.FirstMs, uint64(p.Stalls), p.StallMs, p.Stall, uint64(p.Errors), p.Failed,
		uint64(s.TV.Plug), bit(s.TV.Again), uint64(s.TV.Power), uint64(s.TV.Input), uint64(p.TV), uint64(p.Length), p.Position, p.Turn, p.To}
}

var errState = errors.New("session: not a state")

// decodeState reads what encode wrote. What could not have been written, as a
// time behind the last sign of life, is an error.
func decodeState(b []byte) (s state, err error) {
	if len(b) == 0 || b[0] != stateVersion && b[0] != 1 || len(b) > maxState {
		return state{}, errState
	}
	v := make([]uint64, len(s.numbers()))
	kept := len(v)
	if b[0] == 1 {
		kept = firstNumbers
	}
	b = b[1:]
	c, p := &s.Click, &s.Play
	for _, t := range []*string{&s.Boot, &c.Content, &p.Channel, &p.Content, &p.Error} {
		if *t, b, err = readText(b); err != nil {
			return state{}, err
		}
	}
	for i := range kept {
		n := 0
		if v[i], n = binary.Uvarint(b); n <= 0 || v[i] > 1<<53 {
			return state{}, errState
		}
		b = b[n:]
	}
	if len(b) > 0 || v[4] > uint64(powerOff) || v[14] > uint64(protocol.ModeApp) || v[15] > uint64(protocol.SourcePage) || v[19] > 2*protocol.MaxSpeed {
		return state{}, errState
	}
	s.Seq, s.Serial, s.Active, s.Stopped, s.Power = v[0], uint32(v[1]), v[2] != 0, v[3] != 0, power(v[4])
	s.At, s.Alive, s.Sign, s.Trace = v[5], v[6], v[7], uint32(v[8])
	c.Trace, c.At, c.Played, s.Order = uint32(v[9]), v[10], v[11] != 0, orderMark{uint32(v[12]), v[13]}
	p.Mode, p.Source, p.Trace, p.Asked, p.Start = protocol.Mode(v[14]), protocol.Source(v[15]), uint32(v[16]), v[17], v[18]
	p.Speed, p.Part, p.Keys = int32(v[19])-protocol.MaxSpeed, uint32(v[20]), uint32(v[21])
	p.FirstMs, p.Stalls, p.StallMs, p.Stall = v[22], uint32(v[23]), v[24], v[25]
	p.Errors, p.Failed = uint32(v[26]), v[27]
	s.TV = television{tvNews(v[28]), v[29] != 0, tvNews(v[30]), tvNews(v[31])}
	p.TV, p.Length, p.Position, p.Turn, p.To = protocol.TV(v[32]), uint32(v[33]), v[34], v[35], v[36]
	if max(v[28], v[30], v[31]) > uint64(tvInactive) || v[32] > uint64(protocol.TVOff) || v[33] > protocol.MaxAssetMs/1000 ||
		max(p.Position, p.To) > protocol.MaxAssetMs || p.To != 0 && p.Turn == 0 || p.Turn != 0 && (p.Turn <= p.Start || p.Turn-1 > s.Alive) {
		return state{}, errState
	}
	if s.Alive > protocol.MaxMonoMs || max(s.At, s.Sign, p.Start, p.Asked, c.At, s.Order.At) > s.Alive || p.Asked > p.Start {
		return state{}, errState
	}
	return s, nil
}

func bit(on bool) uint64 {
	if on {
		return 1
	}
	return 0
}

func appendTexts(b []byte, texts ...string) []byte {
	for _, t := range texts {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	return b
}

func readText(b []byte) (string, []byte, error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > protocol.MaxString || n > uint64(len(b)-w) {
		return "", nil, errState
	}
	return string(b[w : w+int(n)]), b[w+int(n):], nil
}
