package genuine_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"theriac/genuine"
)

func TestParseQuantity(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want genuine.Quantity
	}{
		{"0", 0},
		{"-0", 0},
		{"-0.0", 0},
		{"0.5123", 512_300},
		{"00.500000", 500_000},
		{"1.3330000000", 1_333_000},
		{"-12.000001", -12_000_001},
		{"1000000000", genuine.MaxQuantity},
		{"-1000000000.000000", -genuine.MaxQuantity},
		{"0." + strings.Repeat("0", 400), 0},
	} {
		if got, err := genuine.ParseQuantity(tt.in); got != tt.want || err != nil {
			t.Errorf("ParseQuantity(%q) = %d, %v, want %d", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{
		"", "-", ".", "-.", ".5", "5.", "5.-1", "--5", "+5", " 5", "5 ", "5\n", "1e3", "0x10", "1,5", "1.2.3", "NaN", "Inf", "٣", "5.٣",
		"0.0000001", "1000000000.000001", "-1000000000.000001", "10000000000", "00000000001", strings.Repeat("9", 400),
	} {
		if got, err := genuine.ParseQuantity(in); !errors.Is(err, genuine.ErrReading) || got != 0 {
			t.Errorf("ParseQuantity(%q) = %d, %v, want ErrReading", in, got, err)
		}
	}
}

func TestQuantityText(t *testing.T) {
	for _, tt := range []struct {
		q    genuine.Quantity
		want string
	}{
		{0, "0"}, {1, "0.000001"}, {-1, "-0.000001"}, {500_000, "0.5"}, {-1_500_000, "-1.5"}, {20_000_000, "20"}, {genuine.MaxQuantity, "1000000000"},
	} {
		var again genuine.Quantity
		if got, err := tt.q.MarshalText(); string(got) != tt.want || err != nil {
			t.Errorf("%d prints as %q, %v, want %q", int64(tt.q), got, err, tt.want)
		}
		if err := again.UnmarshalText([]byte(tt.want)); again != tt.q || err != nil {
			t.Errorf("%q reads as %d, %v", tt.want, int64(again), err)
		}
	}
	for _, in := range []string{"-0", "0.50", "00", "1.", "0.0", "1e0", "", "10000000000"} {
		if err := new(genuine.Quantity).UnmarshalText([]byte(in)); !errors.Is(err, genuine.ErrReading) {
			t.Errorf("%q as text: %v, want ErrReading", in, err)
		}
	}
}

func TestQuantityOf(t *testing.T) {
	for _, tt := range []struct {
		x    float64
		want genuine.Quantity
	}{{0.5, 500_000}, {-0.0000005, -1}, {0.00000049, 0}, {1e9, genuine.MaxQuantity}, {math.Copysign(0, -1), 0}, {5e-324, 0}} {
		if got, err := genuine.QuantityOf(tt.x); got != tt.want || err != nil {
			t.Errorf("QuantityOf(%v) = %d, %v, want %d", tt.x, got, err, tt.want)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e10, -1.1e9, math.MaxFloat64} {
		if got, err := genuine.QuantityOf(x); !errors.Is(err, genuine.ErrReading) {
			t.Errorf("QuantityOf(%v) = %d, %v, want ErrReading", x, got, err)
		}
	}
}

// What is accepted as text is encoded to the same text, and what an instrument may
// print has one such form.
func FuzzQuantity(f *testing.F) {
	for _, s := range []string{"0", "-0.000001", "0.50", "1000000000", "1e3", "-", "000.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var text, again genuine.Quantity
		if text.UnmarshalText([]byte(s)) == nil && text.String() != s {
			t.Errorf("%q is encoded as %q", s, text)
		}
		q, err := genuine.ParseQuantity(s)
		if err != nil {
			return
		}
		if err := again.UnmarshalText([]byte(q.String())); err != nil || again != q {
			t.Errorf("%q is %d, its text %q is %d: %v", s, int64(q), q, int64(again), err)
		}
		if q < -genuine.MaxQuantity || q > genuine.MaxQuantity {
			t.Errorf("%q is %d", s, int64(q))
		}
	})
}

func TestCheckCriteria(t *testing.T) {
	if err := genuine.CheckCriteria(criteria()); err != nil {
		t.Fatal(err)
	}
	point := criteria()[:1]
	point[0].Low, point[0].High, point[0].Unit = -genuine.MaxQuantity, -genuine.MaxQuantity, "[car_m]"
	if err := genuine.CheckCriteria(point); err != nil {
		t.Errorf("one value only: %v", err)
	}
	for name, change := range map[string]func(c []genuine.Criterion) []genuine.Criterion{
		"none":             func([]genuine.Criterion) []genuine.Criterion { return nil },
		"too many":         func(c []genuine.Criterion) []genuine.Criterion { return slices.Repeat(c, 6) },
		"doubled":          func(c []genuine.Criterion) []genuine.Criterion { return append(c, c[2]) },
		"falling":          func(c []genuine.Criterion) []genuine.Criterion { c[0], c[1] = c[1], c[0]; return c },
		"no feature":       func(c []genuine.Criterion) []genuine.Criterion { c[0].Feature = ""; return c },
		"capital":          func(c []genuine.Criterion) []genuine.Criterion { c[0].Feature = "Mass"; return c },
		"blank":            func(c []genuine.Criterion) []genuine.Criterion { c[0].Feature = "ma ss"; return c },
		"long":             func(c []genuine.Criterion) []genuine.Criterion { c[0].Feature = strings.Repeat("m", 41); return c },
		"no unit":          func(c []genuine.Criterion) []genuine.Criterion { c[0].Unit = ""; return c },
		"unit with blank":  func(c []genuine.Criterion) []genuine.Criterion { c[0].Unit = "g "; return c },
		"unit with accent": func(c []genuine.Criterion) []genuine.Criterion { c[0].Unit = "µg"; return c },
		"empty range":      func(c []genuine.Criterion) []genuine.Criterion { c[0].Low = c[0].High + 1; return c },
		"too low":          func(c []genuine.Criterion) []genuine.Criterion { c[0].Low = -genuine.MaxQuantity - 1; return c },
		"lowest":           func(c []genuine.Criterion) []genuine.Criterion { c[0].Low = math.MinInt64; return c },
		"too high":         func(c []genuine.Criterion) []genuine.Criterion { c[0].High = genuine.MaxQuantity + 1; return c },
	} {
		if err := genuine.CheckCriteria(change(criteria())); !errors.Is(err, genuine.ErrCriterion) {
			t.Errorf("%s: %v, want ErrCriterion", name, err)
		}
	}
}

// Paper 001, 3.2, judgment section: legitimate within the range, both ends included
// (001-13), and in all features.
func TestJudge(t *testing.T) {
	with := func(i int, q genuine.Quantity) []genuine.Reading {
		r := good()
		r[i].Value = q
		return r
	}
	for i, c := range criteria() {
		for _, tt := range []struct {
			value genuine.Quantity
			want  error
		}{
			{c.Low - 1, genuine.ErrNotLegitimate},
			{c.Low, nil},
			{c.Low + 1, nil},
			{c.High - 1, nil},
			{c.High, nil},
			{c.High + 1, genuine.ErrNotLegitimate},
			{math.MinInt64, genuine.ErrNotLegitimate},
			{math.MaxInt64, genuine.ErrNotLegitimate},
		} {
			if err := genuine.Judge(criteria(), with(i, tt.value)); !errors.Is(err, tt.want) {
				t.Errorf("%s of %s: %v, want %v", c.Feature, tt.value, err, tt.want)
			}
		}
	}
	turned := good()
	slices.Reverse(turned)
	if err := genuine.Judge(criteria(), turned); err != nil {
		t.Errorf("in another order: %v", err)
	}
}

func TestJudgeWhatWasNotAsked(t *testing.T) {
	change := func(do func(r []genuine.Reading) []genuine.Reading) []genuine.Reading { return do(good()) }
	for name, r := range map[string][]genuine.Reading{
		"nothing":          nil,
		"one missing":      good()[:2],
		"one doubled":      append(good(), good()[0]),
		"doubled, missing": append(good()[:2], good()[0]),
		"one more":         append(good(), genuine.Reading{Feature: "hardness", Unit: "N", Value: 1}),
		"another feature":  change(func(r []genuine.Reading) []genuine.Reading { r[1].Feature = "hardness"; return r }),
		"another unit":     change(func(r []genuine.Reading) []genuine.Reading { r[0].Unit = "mg"; return r }),
		"no unit":          change(func(r []genuine.Reading) []genuine.Reading { r[0].Unit = ""; return r }),
		// Two masses, one of which would pass: neither is taken.
		"doubled, one out of range": append(bad()[:1], good()[0], good()[1]),
	} {
		if err := genuine.Judge(criteria(), r); !errors.Is(err, genuine.ErrReading) {
			t.Errorf("%s: %v, want ErrReading", name, err)
		}
	}
	// Nothing is legitimate by criteria that ask for nothing, or for one thing twice.
	if err := genuine.Judge(nil, nil); !errors.Is(err, genuine.ErrCriterion) {
		t.Errorf("no criteria, no readings: %v, want ErrCriterion", err)
	}
	twice := []genuine.Criterion{criteria()[0], criteria()[0]}
	if err := genuine.Judge(twice, good()[:2]); !errors.Is(err, genuine.ErrCriterion) {
		t.Errorf("a doubled criterion: %v, want ErrCriterion", err)
	}
}

// The reason does not say in what or by how much: a refusal is no measure for who
// tunes a counterfeit.
func TestRefusalTellsNothing(t *testing.T) {
	light, dark := bad(), good()
	dark[1].Value = 900_000
	a, b := genuine.Judge(criteria(), light), genuine.Judge(criteria(), dark)
	if a == nil || b == nil || a.Error() != b.Error() {
		t.Errorf("%v and %v, want the same", a, b)
	}
}
