package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"iptvdc/protocol"
)

// A Signal is what a page or the middleware saw happen: the raw material from
// which the session makes events. An event of the wire is complete in itself; a
// signal is not: a play that one page starts ends under another, and which click
// led to it only the box can know.
type Signal struct {
	Signal string `json:"signal"`
	// AgoMs is how long ago it happened, at most MaxAgoMs.
	AgoMs uint64 `json:"ago,omitempty"`

	Page     string `json:"page,omitempty"`
	From     string `json:"from,omitempty"`
	Template string `json:"template,omitempty"`
	Area     string `json:"area,omitempty"`
	Slot     uint32 `json:"slot,omitempty"`
	Content  string `json:"content,omitempty"`
	Sight    string `json:"sight,omitempty"` // seen: rendered, focus
	Ms       uint64 `json:"ms,omitempty"`    // seen: for how long

	Mode    string `json:"mode,omitempty"`
	Channel string `json:"channel,omitempty"`
	Number  uint32 `json:"number,omitempty"` // play: the channel's number on the remote control
	Speed   *int32 `json:"speed,omitempty"`  // percent, 0 pauses
	// Position is where in the asset the player is from then on, in ms from its
	// start; nil: not told.
	Position *uint64 `json:"position,omitempty"`
	Length   uint64  `json:"length,omitempty"` // of the asset, ms; 0: not told
	TV       string  `json:"tv,omitempty"`     // tv: plugged, unplugged, on, off, active, inactive
	Error    string  `json:"error,omitempty"`

	OrderID  string `json:"order_id,omitempty"`
	Product  string `json:"product,omitempty"`
	Provider string `json:"provider,omitempty"`
	Fen      uint64 `json:"fen,omitempty"`
	Result   string `json:"result,omitempty"`
	Pay      string `json:"pay,omitempty"`

	Account  string `json:"account,omitempty"`
	STBID    string `json:"stbid,omitempty"`
	MAC      string `json:"mac,omitempty"`
	Model    string `json:"model,omitempty"`
	Firmware string `json:"firmware,omitempty"`

	Keys uint32 `json:"keys,omitempty"` // keys: pressed since the last such signal

	Channels []ChannelRow `json:"channels,omitempty"`
}

// ChannelRow is a row of the channel table that the middleware gives to the box
// at sign-in.
type ChannelRow struct {
	Number uint32 `json:"number"`
	ID     string `json:"id"`
}

// MaxAgoMs is how far back a signal may date what it tells.
const MaxAgoMs = 10 * 60 * 1000

// maxSignals and maxChannels bound one request.
const (
	maxSignals  = 256
	maxChannels = 2000
)

// signalFields says which fields each signal has; those before the "|" it must
// have.
var signalFields = map[string]string{
	"page":        "page|from template",                       // a page was entered: page_view
	"seen":        "page sight|area slot content template ms", // impression
	"click":       "page|area slot content template",          // click, with a new trace
	"order_page":  "page|product content",                     // order_page, with the trace of the click
	"order":       "order_id product result|provider content fen pay",
	"play":        "mode|channel number content position length", // the player was asked to play: what played before ends
	"first_frame": "|position length",                            // the first picture is there
	"speed":       "speed|position length",                       // 0 pause, 100 normal, other: trick play
	"seek":        "position|length",                             // the player goes on at another place of the asset
	"shift":       "mode|",                                       // live became timeshift, or timeshift live
	"stall":       "|",                                           // the picture stands still
	"flow":        "|",                                           // it goes on
	"error":       "|error",                                      // the player reports an error
	"end":         "|",                                           // the asset is over
	"stop":        "|",                                           // the viewer ended it
	"app":         "content|",                                    // another application has the screen
	"keys":        "keys|",                                       // a sign of a viewer
	"tv":          "tv|",                                         // what is new of the television
	"standby":     "|",
	"wake":        "|",
	"shutdown":    "|",
	"identity":    "|account stbid mac model firmware", // what is absent stays as it is
	"channels":    "channels|",
}

// Signals lists the words of all signals, in order.
func Signals() []string {
	var words []string
	for w := range signalFields {
		words = append(words, w)
	}
	slices.Sort(words)
	return words
}

// ParseSignals reads a JSON array of signals, or one. It is strict: an unknown
// field or signal, a field that the signal does not have, one that it lacks, a
// text above protocol.MaxString are refused by name, and then none is taken.
func ParseSignals(text []byte) ([]Signal, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var all []Signal
	var err error
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) > 0 && first[0] == '{' {
		all = make([]Signal, 1)
		err = d.Decode(&all[0])
	} else {
		err = d.Decode(&all)
	}
	if err != nil {
		return nil, fmt.Errorf("signals: %w", plainJSON(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("signals: something stands behind them")
	}
	if len(all) == 0 || len(all) > maxSignals {
		return nil, fmt.Errorf("signals: %d, allowed 1..%d", len(all), maxSignals)
	}
	for i := range all {
		if err := all[i].check(); err != nil {
			if len(all) > 1 {
				return nil, fmt.Errorf("signals[%d]: %w", i, err)
			}
			return nil, err
		}
	}
	return all, nil
}

// plainJSON says it without the names of Go's types.
func plainJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: a %s does not belong here", wrong.Field, wrong.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func (s *Signal) check() error {
	fields, ok := signalFields[s.Signal]
	if !ok {
		return fmt.Errorf("signal: %.40q is none; allowed: %s", s.Signal, strings.Join(Signals(), ", "))
	}
	must, may, _ := strings.Cut(fields, "|")
	has := s.fields()
	for _, name := range strings.Fields(must) {
		if !has[name] {
			return fmt.Errorf("%s: missing; a %s must have it", name, s.Signal)
		}
	}
	for name := range has {
		if !slices.Contains(strings.Fields(must+" "+may), name) {
			return fmt.Errorf("%s: a %s does not have it", name, s.Signal)
		}
	}
	for name, text := range s.texts() {
		if len(text) > protocol.MaxString {
			return fmt.Errorf("%s: %d bytes, at most %d", name, len(text), protocol.MaxString)
		}
	}
	if s.AgoMs > MaxAgoMs {
		return fmt.Errorf("ago: %d ms, at most %d", s.AgoMs, MaxAgoMs)
	}
	if s.Position != nil && *s.Position >= protocol.MaxAssetMs {
		return fmt.Errorf("position: %d ms, at most %d", *s.Position, protocol.MaxAssetMs-1)
	}
	if s.Length > protocol.MaxAssetMs {
		return fmt.Errorf("length: %d ms, at most %d", s.Length, protocol.MaxAssetMs)
	}
	if len(s.Channels) > maxChannels {
		return fmt.Errorf("channels: %d, at most %d", len(s.Channels), maxChannels)
	}
	for _, c := range s.Channels {
		if c.ID == "" || len(c.ID) > protocol.MaxString {
			return fmt.Errorf("channels: channel %d: the id has %d bytes, allowed 1..%d", c.Number, len(c.ID), protocol.MaxString)
		}
	}
	return nil
}

// fields lists which fields are set.
func (s *Signal) fields() map[string]bool {
	has := map[string]bool{}
	for name, text := range s.texts() {
		if text != "" {
			has[name] = true
		}
	}
	for name, set := range map[string]bool{
		"slot": s.Slot != 0, "ms": s.Ms != 0, "number": s.Number != 0, "speed": s.Speed != nil, "fen": s.Fen != 0,
		"position": s.Position != nil, "length": s.Length != 0,
		"keys": s.Keys != 0, "channels": len(s.Channels) > 0,
	} {
		if set {
			has[name] = true
		}
	}
	return has
}

// texts lists the texts of s by their fields' names.
func (s *Signal) texts() map[string]string {
	return map[string]string{
		"page": s.Page, "from": s.From, "template": s.Template, "area": s.Area, "content": s.Content, "sight": s.Sight,
		"mode": s.Mode, "tv": s.TV, "channel": s.Channel, "error": s.Error, "order_id": s.OrderID, "product": s.Product,
		"provider": s.Provider, "result": s.Result, "pay": s.Pay, "account": s.Account, "stbid": s.STBID, "mac": s.MAC,
		"model": s.Model, "firmware": s.Firmware,
	}
}
