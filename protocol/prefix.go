package protocol

import (
	"math/bits"
	"slices"
)

// prefix is a prefix code in the making.
type prefix struct {
	count  [maxLiterals]uint32 // how often each symbol is used
	length [maxLiterals]uint8
	code   [maxLiterals]uint16
	cost   [maxLiterals]uint32
	order  []uint32
	depth  []uint32
}

// build makes the best code of at most limit bits a symbol for the counts of
// the first n symbols. It gives at least two symbols a code, since some
// decoders refuse less.
func (p *prefix) build(n, limit int) {
	p.order = p.order[:0]
	for s, c := range p.count[:n] {
		p.length[s] = 0
		if c > 0 {
			p.order = append(p.order, min(c, 1<<22)<<9|uint32(s))
		}
	}
	for s := 0; len(p.order) < 2; s++ {
		if p.count[s] == 0 {
			p.order = append(p.order, 1<<9|uint32(s))
		}
	}
	slices.Sort(p.order)
	p.depths()
	var of [32]int // how many symbols have each length
	for _, d := range p.depth {
		of[min(int(d), limit)]++
	}
	total := 0
	for l := 1; l <= limit; l++ {
		total += of[l] << (limit - l)
	}
	for ; total > 1<<limit; total-- { // too long codes were cut: make room
		of[limit]--
		for l := limit - 1; ; l-- {
			if of[l] > 0 {
				of[l]--
				of[l+1] += 2
				break
			}
		}
	}
	at := 0
	for l := limit; l > 0; l-- { // the rarest get the longest
		for range of[l] {
			p.length[p.order[at]&511] = uint8(l)
			at++
		}
	}
	p.assign(n)
}

// depths sets depth[i] to the depth of order[i] in a Huffman tree, in place,
// after Moffat and Katajainen.
func (p *prefix) depths() {
	n := len(p.order)
	p.depth = p.depth[:0]
	for _, o := range p.order {
		p.depth = append(p.depth, o>>9)
	}
	a := p.depth
	root, leaf := 0, 2
	a[0] += a[1]
	for next := 1; next < n-1; next++ {
		if leaf >= n || a[root] < a[leaf] {
			a[next] = a[root]
			a[root] = uint32(next)
			root++
		} else {
			a[next] = a[leaf]
			leaf++
		}
		if leaf >= n || root < next && a[root] < a[leaf] {
			a[next] += a[root]
			a[root] = uint32(next)
			root++
		} else {
			a[next] += a[leaf]
			leaf++
		}
	}
	a[n-2] = 0
	for next := n - 3; next >= 0; next-- {
		a[next] = a[a[next]] + 1
	}
	free, depth, root, next := 1, uint32(0), n-2, n-1
	for free > 0 {
		used := 0
		for root >= 0 && a[root] == depth {
			used++
			root--
		}
		for free > used {
			a[next] = depth
			next--
			free--
		}
		free = 2 * used
		depth++
	}
}

// assign gives the first n symbols the canonical codes of their lengths.
func (p *prefix) assign(n int) {
	code := uint16(0)
	var next, count [maxCodeLen + 1]uint16
	for _, l := range p.length[:n] {
		count[l]++
	}
	count[0] = 0
	for l := 1; l <= maxCodeLen; l++ {
		code = (code + count[l-1]) << 1
		next[l] = code
	}
	for s, l := range p.length[:n] {
		if l > 0 {
			p.code[s] = bits.Reverse16(next[l]) >> (16 - l)
			next[l]++
		}
	}
}

// price sets costs from the counts: what a symbol would cost in an ideal code.
func (p *prefix) price(n int) {
	total := uint32(0)
	for _, c := range p.count[:n] {
		total += c
	}
	whole := log2(total + 1)
	for s, c := range p.count[:n] {
		p.cost[s] = max(whole-min(whole, log2(c)), costUnit)
		if c == 0 {
			p.cost[s] = whole + costUnit
		}
	}
}

// log2 is the logarithm in 1/16, straight between powers of two; 0 of 0.
func log2(v uint32) uint32 {
	if v == 0 {
		return 0
	}
	n := uint32(bits.Len32(v) - 1)
	return n*costUnit + (v<<(31-n)>>27 - 16)
}
