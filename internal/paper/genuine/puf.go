package genuine

import (
	"crypto/sha256"
	"math/rand/v2"
)

// A puf is the start-up values of an SRAM. Each cell has a skew of its own, from the
// differences between its transistors, and comes up as skew plus noise has its sign:
// strongly skewed cells never flip and a few balanced ones do half the time.
// The seed stands for the transistors: the skews are drawn from it at each reading.
type puf struct{ seed [2]uint64 }

const (
	pufCells = 2048
	// pufNoise is the noise's deviation, in deviations of the skew, at which two
	// readings differ in one bit of twenty: cos(0.05π) = 1/(1 + pufNoise²).
	pufNoise = 0.11165
)

func newPUF(random *rand.Rand) puf {
	return puf{[2]uint64{random.Uint64(), random.Uint64()}}
}

// read powers the SRAM up.
func (p puf) read(random *rand.Rand) []bool {
	skew := rand.New(rand.NewPCG(p.seed[0], p.seed[1]))
	out := make([]bool, pufCells)
	for i := range out {
		out[i] = skew.NormFloat64()+pufNoise*random.NormFloat64() > 0
	}
	return out
}

// An extractor is a fuzzy extractor (Dodis, Reyzin, Smith, EUROCRYPT 2004): the
// code-offset sketch over a Golay code whose bits are each repeated, and a salted hash
// for the key.
type extractor struct {
	errors map[uint32]uint32
	hashes int
}

const (
	repeat  = 7
	blocks  = 11 // 132 bits are left of a response when the sketch is known
	bitsOf  = blocks * golayLength * repeat
	saltLen = 16
)

func newExtractor() *extractor { return &extractor{errors: golayErrors()} }

// helper is the data that everybody may know: the sketch and the salt.
type helper struct {
	sketch []bool
	salt   [saltLen]byte
}

// bytes returns how long it is.
func (h helper) bytes() int { return (len(h.sketch)+7)/8 + len(h.salt) }

// generate makes a key out of a first response, and the helper data to make it again.
func (x *extractor) generate(response []bool, random *rand.Rand) (Key, helper) {
	h := helper{sketch: codeword(random)}
	for i := range h.salt {
		h.salt[i] = byte(random.Uint32())
	}
	for i := range h.sketch {
		h.sketch[i] = h.sketch[i] != response[i]
	}
	return x.extract(response[:bitsOf], h.salt), h
}

// reproduce makes the key again if the response is near the first, and another one
// otherwise.
func (x *extractor) reproduce(response []bool, h helper) Key {
	first := make([]bool, 0, bitsOf)
	for block := range blocks {
		var word uint32
		for i := range golayLength {
			ones := 0
			for j := range repeat {
				if at := (block*golayLength+i)*repeat + j; response[at] != h.sketch[at] {
					ones++
				}
			}
			word <<= 1
			if ones > repeat/2 {
				word |= 1
			}
		}
		first = appendBits(first, word^x.errors[syndrome(word)])
	}
	for i := range first {
		first[i] = first[i] != h.sketch[i]
	}
	return x.extract(first, h.salt)
}

func (x *extractor) extract(response []bool, salt [saltLen]byte) Key {
	x.hashes++
	packed := make([]byte, saltLen+(len(response)+7)/8)
	copy(packed, salt[:])
	for i, bit := range response {
		if bit {
			packed[saltLen+i/8] |= 1 << (i % 8)
		}
	}
	return sha256.Sum256(packed)
}

// codeword returns a random word of the repeated code.
func codeword(random *rand.Rand) []bool {
	out := make([]bool, 0, bitsOf)
	for range blocks {
		out = appendBits(out, encodeGolay(random.Uint32N(1<<golayMessage)))
	}
	return out
}

// appendBits appends the bits of a word of the Golay code, each repeated.
func appendBits(out []bool, word uint32) []bool {
	for i := range golayLength {
		bit := word>>(golayLength-1-i)&1 == 1
		for range repeat {
			out = append(out, bit)
		}
	}
	return out
}
