package genuine

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// A perfect code: each syndrome is that of one error of at most three bits, and no two
// of the 4096 words are nearer than seven.
func TestGolayIsPerfect(t *testing.T) {
	errors := golayErrors()
	if got, want := len(errors), 1<<(golayLength-golayMessage); got != want {
		t.Fatalf("%d syndromes, want %d", got, want)
	}
	for s, e := range errors {
		if syndrome(e) != s || bits.OnesCount32(e) > 3 {
			t.Errorf("syndrome %x: error %b", s, e)
		}
	}
	for m := uint32(1); m < 1<<golayMessage; m++ { // linear: the lightest word is the distance
		if w := encodeGolay(m); syndrome(w) != 0 || bits.OnesCount32(w) < 7 {
			t.Fatalf("word of %x: %b", m, w)
		}
	}
}

// The noise is that of the comment: two readings differ in 5 % of the bits, those of two
// pieces in half of them.
func TestPUFNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	same, other := 0, 0
	const pairs = 200
	for range pairs {
		p, q := newPUF(random), newPUF(random)
		first := p.read(random)
		same += distance(first, p.read(random))
		other += distance(first, q.read(random))
	}
	if got := float64(same) / (pairs * pufCells); got < 0.047 || got > 0.053 {
		t.Errorf("two readings of one piece differ in %.4f of the bits, want 0.05", got)
	}
	if got := float64(other) / (pairs * pufCells); got < 0.49 || got > 0.51 {
		t.Errorf("readings of two pieces differ in %.4f of the bits, want 0.5", got)
	}
}

func distance(a, b []bool) int {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// The extractor's failures, at the SRAM's own noise and where the code gives out.
func TestFuzzyExtractorFailureRate(t *testing.T) {
	x, random := newExtractor(), rand.New(rand.NewPCG(2, 2))
	for _, tt := range []struct {
		flipped        float64
		tries          int
		least, most    int
		wantHelperData int
	}{
		{0.05, 10_000, 0, 0, 238},
		{0.20, 2000, 50, 500, 238}, // 3.3 % after the repetition
		{0.30, 500, 450, 500, 238}, // 12.6 %
		{0.50, 500, 500, 500, 238}, // another piece
	} {
		failed := 0
		for range tt.tries {
			first := newPUF(random).read(random)
			key, h := x.generate(first, random)
			if got := h.bytes(); got != tt.wantHelperData {
				t.Fatalf("%d bytes of helper data, want %d", got, tt.wantHelperData)
			}
			for i := range first {
				first[i] = first[i] != (random.Float64() < tt.flipped)
			}
			if x.reproduce(first, h) != key {
				failed++
			}
		}
		if failed < tt.least || failed > tt.most {
			t.Errorf("%.0f %% of the bits flipped: %d of %d failed, want %d to %d", 100*tt.flipped, failed, tt.tries, tt.least, tt.most)
		}
	}
}

// The same response gives another key and other helper data each time it is enrolled.
func TestHelperDataIsSalted(t *testing.T) {
	x, random := newExtractor(), rand.New(rand.NewPCG(2, 3))
	response := newPUF(random).read(random)
	k1, h1 := x.generate(response, random)
	k2, h2 := x.generate(response, random)
	if k1 == k2 || h1.salt == h2.salt || distance(h1.sketch, h2.sketch) == 0 {
		t.Error("two enrolments agree")
	}
	if x.reproduce(response, h1) != k1 || x.reproduce(response, h2) != k2 {
		t.Error("an exact response does not give its key")
	}
}
