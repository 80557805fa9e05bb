package genuine

import "math/bits"

// The binary Golay code [23, 12, 7] is perfect: each of its 2048 syndromes belongs to
// one error of at most three bits.
const (
	golayLength    = 23
	golayMessage   = 12
	golayGenerator = 0b1010_1110_0011 // x¹¹ + x⁹ + x⁷ + x⁶ + x⁵ + x + 1
)

// syndrome returns word modulo the generator.
func syndrome(word uint32) uint32 {
	for word >= 1<<(golayLength-golayMessage) {
		word ^= golayGenerator << (bits.Len32(word) - golayMessage)
	}
	return word
}

// encodeGolay returns the codeword whose upper twelve bits are the message.
func encodeGolay(message uint32) uint32 {
	word := message << (golayLength - golayMessage)
	return word | syndrome(word)
}

// golayErrors returns the error of each syndrome.
func golayErrors() map[uint32]uint32 {
	out := map[uint32]uint32{0: 0}
	for i := range golayLength {
		for j := range i + 1 {
			for k := range j + 1 {
				e := uint32(1)<<i | 1<<j | 1<<k // one, two or three bits
				out[syndrome(e)] = e
			}
		}
	}
	return out
}
