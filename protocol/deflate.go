package protocol

import (
	"encoding/binary"
	"math/bits"
)

// deflater packs RFC 1951 from slice to slice. Bodies are a few hundred bytes,
// for which the standard library's writer is made badly: it keeps and clears
// 800 kB of tables, never finds a match of three bytes and ends each stream
// with an empty block. This one keeps tables of the size of its input and
// searches for the cheapest parse. The zero value is ready. Not safe for
// concurrent use.
type deflater struct {
	head [1 << hashBits]int32 // place + 1 of the latest three bytes with that hash
	prev []int32              // the one before it, by place modulo its length

	found   []match // what can be copied, shortest first, place after place
	start   []int32 // where in found a place of the block begins
	longest int     // of the lengths in found
	cost    []uint32
	via     []match // the step that reaches a place most cheaply
	steps   []match // the parse, last step first

	literals, distances, lengths prefix
	lengthCost                   [maxMatch + 1]uint32
	told                         []uint16 // run-length form of the codes' lengths

	out  []byte
	bits uint64
	have uint
}

// match copies length bytes from distance bytes back; length 1 is a literal.
type match struct{ length, distance uint16 }

const (
	hashBits     = 12
	maxLiterals  = 288 // 286 and 287 have fixed codes but never occur
	maxDistances = 32  // likewise 30 and 31
	maxCodeLen   = 15
	endOfBlock   = 256

	minMatch   = 3
	maxMatch   = 258
	longMatch  = 24 // taken as it is: what starts inside it is not searched
	maxChain   = 8
	window     = 1 << 15
	blockBytes = 1 << 14
	costUnit   = 16 // costs are in 1/16 bit
	passes     = 1  // parses under the costs of the parse before
)

var (
	lengthBase    = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra   = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase  = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	// lengthOrder is the order in which a dynamic block tells the lengths of
	// the code that tells the lengths.
	lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

func lengthSymbol(length uint16) int {
	if length == maxMatch {
		return 285
	}
	v := uint(length - minMatch)
	e := max(0, bits.Len(v)-3)
	return 257 + e<<2 + int(v>>e)
}

func distanceSymbol(distance uint16) int {
	v := uint(distance - 1)
	if v < 2 {
		return int(v)
	}
	n := bits.Len(v) - 1
	return 2*n + int(v>>(n-1)&1)
}

// deflate appends one stream that holds src to dst.
func (z *deflater) deflate(dst, src []byte) []byte {
	z.out, z.bits, z.have = dst, 0, 0
	clear(z.head[:])
	size := 1 << bits.Len(uint(min(len(src), window-1)))
	if len(z.prev) < size {
		z.prev = make([]int32, size)
	}
	if len(src) == 0 {
		z.put(3, 10) // a last block, fixed, nothing but its end
	}
	for from := 0; from < len(src); from += blockBytes {
		to := min(from+blockBytes, len(src))
		z.block(src, from, to, to == len(src))
	}
	for ; z.have > 0; z.have -= min(8, z.have) {
		z.out = append(z.out, byte(z.bits))
		z.bits >>= 8
	}
	return z.out
}

// put writes the low n <= 32 bits of v.
func (z *deflater) put(v uint64, n uint) {
	z.bits |= v << z.have
	z.have += n
	if z.have >= 32 {
		z.out = binary.LittleEndian.AppendUint32(z.out, uint32(z.bits))
		z.bits >>= 32
		z.have -= 32
	}
}

func (z *deflater) block(src []byte, from, to int, last bool) {
	z.search(src, from, to)
	z.fixedCosts()
	z.parse(src, from, to)
	fixed, stored := z.size(true), uint(to-from)*8+42
	final := uint64(0)
	if last {
		final = 1
	}
	if z.dynamic(src, from, to, final, min(fixed, stored)) {
		return
	}
	if stored < fixed {
		z.stored(src[from:to], final)
		return
	}
	z.fixedCodes()
	z.put(final|1<<1, 3)
	z.write(src, from)
}

// dynamic writes the block with codes of its own if that takes fewer than most
// bits; else it leaves a parse for the fixed codes.
func (z *deflater) dynamic(src []byte, from, to int, final uint64, most uint) bool {
	z.literals.price(286)
	z.distances.price(30)
	if z.ideal() >= most {
		return false // not even near
	}
	for range passes {
		z.parse(src, from, to)
		z.literals.price(286)
		z.distances.price(30)
	}
	z.literals.build(286, maxCodeLen)
	z.distances.build(30, maxCodeLen)
	if z.size(false)+z.header(false) >= most {
		z.fixedCosts()
		z.parse(src, from, to)
		return false
	}
	z.put(final|2<<1, 3)
	z.header(true)
	z.write(src, from)
	return true
}

// ideal is fewer bits than codes of its own can bring the block to: what the
// symbols cost in an ideal code, and 2 bits to tell of each.
func (z *deflater) ideal() uint {
	total, used := uint(0), uint(0)
	for s, c := range z.literals.count[:286] {
		if c > 0 {
			total += uint(c) * uint(z.literals.cost[s])
			used++
		}
		if s > endOfBlock {
			total += uint(c) * uint(lengthExtra[s-257]) * costUnit
		}
	}
	for s, c := range z.distances.count[:30] {
		if c > 0 {
			total += uint(c) * (uint(z.distances.cost[s]) + uint(distanceExtra[s])*costUnit)
			used++
		}
	}
	return total/costUnit + 40 + 2*used
}

func (z *deflater) stored(b []byte, final uint64) {
	z.put(final, 3)
	if z.have%8 > 0 {
		z.put(0, 8-z.have%8)
	}
	z.put(uint64(len(b))|uint64(^uint16(len(b)))<<16, 32)
	for ; z.have > 0; z.have -= 8 {
		z.out = append(z.out, byte(z.bits))
		z.bits >>= 8
	}
	z.bits = 0
	z.out = append(z.out, b...)
}

func hash3(b []byte) uint32 {
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) * 0x9E3779B1 >> (32 - hashBits)
}

// search fills found and start for the places from..to.
func (z *deflater) search(src []byte, from, to int) {
	z.found, z.start, z.longest = z.found[:0], z.start[:0], 0
	mask := len(z.prev) - 1
	quiet := from // no search before this place: it lies in a long match
	for at := from; at < to; at++ {
		z.start = append(z.start, int32(len(z.found)))
		if at+minMatch > len(src) {
			continue
		}
		h := hash3(src[at:])
		candidate := int(z.head[h]) - 1
		z.prev[at&mask] = z.head[h]
		z.head[h] = int32(at + 1)
		if at < quiet {
			continue
		}
		best, most := minMatch-1, min(maxMatch, to-at)
		for tries := maxChain; candidate >= 0 && at-candidate <= min(window-1, mask) && tries > 0 && best < most; tries-- {
			if src[candidate+best] == src[at+best] {
				n := 0
				for n < most && src[candidate+n] == src[at+n] {
					n++
				}
				if n > best {
					best = n
					z.found = append(z.found, match{uint16(n), uint16(at - candidate)})
				}
			}
			candidate = int(z.prev[candidate&mask]) - 1
		}
		if best >= longMatch {
			quiet = at + best
		}
		if best >= minMatch {
			z.longest = max(z.longest, best)
		}
	}
	z.start = append(z.start, int32(len(z.found)))
}

const never = 1<<32 - 1

// parse finds the cheapest way through the block under the present costs and
// counts its symbols.
func (z *deflater) parse(src []byte, from, to int) {
	n := to - from
	if cap(z.cost) < n+1 {
		z.cost, z.via = make([]uint32, n+1), make([]match, n+1)
	}
	z.cost, z.via = z.cost[:n+1], z.via[:n+1]
	for i := range z.cost {
		z.cost[i] = never
	}
	for l := minMatch; l <= z.longest; l++ {
		s := lengthSymbol(uint16(l))
		z.lengthCost[l] = z.literals.cost[s] + uint32(lengthExtra[s-257])*costUnit
	}
	z.cost[0] = 0
	for i := range n {
		here := z.cost[i]
		if c := here + z.literals.cost[src[from+i]]; c < z.cost[i+1] {
			z.cost[i+1], z.via[i+1] = c, match{length: 1}
		}
		l := uint16(minMatch)
		for _, m := range z.found[z.start[i]:z.start[i+1]] {
			s := distanceSymbol(m.distance)
			base := here + z.distances.cost[s] + uint32(distanceExtra[s])*costUnit
			if m.length >= longMatch {
				l = m.length
			}
			for ; l <= m.length; l++ {
				if c := base + z.lengthCost[l]; c < z.cost[i+int(l)] {
					z.cost[i+int(l)], z.via[i+int(l)] = c, match{l, m.distance}
				}
			}
		}
	}
	z.steps = z.steps[:0]
	clear(z.literals.count[:])
	clear(z.distances.count[:])
	for i := n; i > 0; {
		m := z.via[i]
		z.steps = append(z.steps, m)
		i -= int(m.length)
		if m.length == 1 {
			z.literals.count[src[from+i]]++
			continue
		}
		z.literals.count[lengthSymbol(m.length)]++
		z.distances.count[distanceSymbol(m.distance)]++
	}
	z.literals.count[endOfBlock]++
}

func fixedLength(symbol int) uint8 {
	switch {
	case symbol < 144:
		return 8
	case symbol < 256:
		return 9
	case symbol < 280:
		return 7
	}
	return 8
}

func (z *deflater) fixedCosts() {
	for s := range maxLiterals {
		z.literals.cost[s] = uint32(fixedLength(s)) * costUnit
	}
	for s := range maxDistances {
		z.distances.cost[s] = 5 * costUnit
	}
}

func (z *deflater) fixedCodes() {
	for s := range maxLiterals {
		z.literals.length[s] = fixedLength(s)
	}
	for s := range maxDistances {
		z.distances.length[s] = 5
	}
	z.literals.assign(maxLiterals)
	z.distances.assign(maxDistances)
}

// size is how many bits the counted symbols take, with their extra bits.
func (z *deflater) size(fixed bool) uint {
	total := uint(0)
	for s, c := range z.literals.count[:286] {
		l := z.literals.length[s]
		if fixed {
			l = fixedLength(s)
		}
		total += uint(c) * uint(l)
		if s > endOfBlock {
			total += uint(c) * uint(lengthExtra[s-257])
		}
	}
	for s, c := range z.distances.count[:30] {
		l := z.distances.length[s]
		if fixed {
			l = 5
		}
		total += uint(c) * uint(l+distanceExtra[s])
	}
	return total
}

// header tells the dynamic codes' lengths, if write is set, and returns how
// many bits that takes.
func (z *deflater) header(write bool) uint {
	literals, distances := 286, 30
	for literals > 257 && z.literals.length[literals-1] == 0 {
		literals--
	}
	for distances > 1 && z.distances.length[distances-1] == 0 {
		distances--
	}
	if !write {
		clear(z.lengths.count[:19])
		z.told = z.told[:0]
		var all [maxLiterals + maxDistances]uint8
		n := copy(all[:], z.literals.length[:literals])
		n += copy(all[n:], z.distances.length[:distances])
		z.tell(all[:n])
		z.lengths.build(19, 7)
	}
	used := len(lengthOrder)
	for used > 4 && z.lengths.length[lengthOrder[used-1]] == 0 {
		used--
	}
	total := uint(14 + 3*used)
	if write {
		z.put(uint64(literals-257)|uint64(distances-1)<<5|uint64(used-4)<<10, 14)
		for _, s := range lengthOrder[:used] {
			z.put(uint64(z.lengths.length[s]), 3)
		}
	}
	for _, t := range z.told {
		symbol, extra := t&31, [...]uint{2, 3, 7}[max(16, t&31)-16]
		if symbol < 16 {
			extra = 0
		}
		total += uint(z.lengths.length[symbol]) + extra
		if write {
			z.put(uint64(z.lengths.code[symbol]), uint(z.lengths.length[symbol]))
			z.put(uint64(t>>5), extra)
		}
	}
	return total
}

// tell puts lengths into run-length form: symbol, and from bit 5 on its extra
// bits.
func (z *deflater) tell(lengths []uint8) {
	add := func(symbol, extra int) {
		z.told = append(z.told, uint16(symbol|extra<<5))
		z.lengths.count[symbol]++
	}
	for i := 0; i < len(lengths); {
		n := 1
		for i+n < len(lengths) && lengths[i+n] == lengths[i] {
			n++
		}
		i += n
		l := int(lengths[i-1])
		if l > 0 {
			add(l, 0)
			n--
		}
		for n >= 3 {
			switch {
			case l > 0:
				r := min(n, 6)
				add(16, r-3)
				n -= r
			case n < 11:
				add(17, n-3)
				n = 0
			default:
				r := min(n, 138)
				add(18, r-11)
				n -= r
			}
		}
		for ; n > 0; n-- {
			add(l, 0)
		}
	}
}

// write writes the parse under the present codes, and the block's end.
func (z *deflater) write(src []byte, from int) {
	at := from
	for i := len(z.steps) - 1; i >= 0; i-- {
		m := z.steps[i]
		if m.length == 1 {
			z.put(uint64(z.literals.code[src[at]]), uint(z.literals.length[src[at]]))
			at++
			continue
		}
		at += int(m.length)
		s := lengthSymbol(m.length)
		z.put(uint64(z.literals.code[s]), uint(z.literals.length[s]))
		z.put(uint64(m.length-lengthBase[s-257]), uint(lengthExtra[s-257]))
		s = distanceSymbol(m.distance)
		z.put(uint64(z.distances.code[s]), uint(z.distances.length[s]))
		z.put(uint64(m.distance-distanceBase[s]), uint(distanceExtra[s]))
	}
	z.put(uint64(z.literals.code[endOfBlock]), uint(z.literals.length[endOfBlock]))
}
