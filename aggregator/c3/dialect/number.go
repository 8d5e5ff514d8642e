package dialect

import "math"

// parseDecimal reads a decimal number and returns it times 10 to the power of
// places, exactly. It must fit: digits beyond places must be 0. No exponents, no
// thousands separators.
func parseDecimal(b []byte, places int) (int64, bool) {
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	v, seen, point := int64(0), false, -1
	for i, d := range b {
		if d == '.' && point < 0 {
			point = i
			continue
		}
		if d -= '0'; d > 9 {
			return 0, false
		}
		seen = true
		if point >= 0 && i-point > places {
			if d != 0 {
				return 0, false
			}
			continue
		}
		if v > (math.MaxInt64-int64(d))/10 {
			return 0, false
		}
		v = v*10 + int64(d)
	}
	if !seen {
		return 0, false
	}
	after := 0
	if point >= 0 {
		after = min(places, len(b)-point-1)
	}
	for range places - after {
		if v > math.MaxInt64/10 {
			return 0, false
		}
		v *= 10
	}
	if negative {
		v = -v
	}
	return v, true
}

// appendDecimal writes v times 10 to the power of minus places, always with as
// many decimals.
func appendDecimal(b []byte, v int64, places int) []byte {
	if v < 0 {
		b = append(b, '-')
		v = -v
	}
	var text [24]byte
	i := len(text)
	for n := 0; v > 0 || n <= places; n++ {
		if n == places && places > 0 {
			i--
			text[i] = '.'
		}
		i--
		text[i] = byte('0' + v%10)
		v /= 10
	}
	return append(b, text[i:]...)
}
