package outbox

import (
	"sync"

	"iptvdc/protocol"
)

// Codec lends out encoders and decoders, which are big beside an outbox: many
// outboxes share one. The zero value is ready; safe for concurrent use.
type Codec struct{ pool sync.Pool }

type coder struct {
	enc protocol.Encoder
	dec protocol.Decoder
}

func (c *Codec) get() *coder {
	if x, ok := c.pool.Get().(*coder); ok {
		return x
	}
	return new(coder)
}

func (c *Codec) put(x *coder) { c.pool.Put(x) }

// maxBody leaves room in a packet for the header's fields, at most 112 bytes.
const maxBody = protocol.MaxPacketUp - 128

// pack returns the bodies of events, in order: one if they fit a packet, else
// halves until they do. The bodies are fresh memory.
func (x *coder) pack(events []protocol.Event, each func(n int, codec protocol.Codec, body []byte)) error {
	if len(events) > protocol.MaxBatchEvents {
		if err := x.pack(events[:protocol.MaxBatchEvents], each); err != nil {
			return err
		}
		return x.pack(events[protocol.MaxBatchEvents:], each)
	}
	codec, body, err := x.enc.Body(events)
	if (err != nil || len(body) > maxBody) && len(events) > 1 {
		half := len(events) / 2
		if err := x.pack(events[:half], each); err != nil {
			return err
		}
		return x.pack(events[half:], each)
	}
	if err != nil {
		return err
	}
	each(len(events), codec, append([]byte(nil), body...))
	return nil
}

// unpack returns the events of an open row; they are valid until the next call.
func (x *coder) unpack(r *OpenRow) ([]protocol.Event, error) {
	return x.dec.Events(&protocol.Sealed{N: r.N, Codec: protocol.CodecPlain, Body: r.Data})
}
