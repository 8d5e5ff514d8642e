package protocol

// Plain packs events as Body does, without deflating: for rows on a box's
// flash that are read again and sealed together. The result, of CodecPlain, is
// valid until the next call.
func (enc *Encoder) Plain(events []Event) ([]byte, error) {
	if len(events) == 0 || len(events) > MaxBatchEvents {
		return nil, faultf(BadLimit, "n", "%d, allowed 1..%d", len(events), MaxBatchEvents)
	}
	if err := enc.plain(events); err != nil {
		return nil, err
	}
	if len(enc.w.b) > MaxBody {
		return nil, faultf(BadLimit, "body", "%d bytes, at most %d", len(enc.w.b), MaxBody)
	}
	return enc.w.b, nil
}
