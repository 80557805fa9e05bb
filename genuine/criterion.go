package genuine

import (
	"fmt"
	"math"
	"strings"

	"theriac/refusal"
)

var (
	// ErrCriterion is returned for criteria that nothing could be judged by.
	ErrCriterion = refusal.New("bad_criterion", "the criteria are not well formed")
	// ErrReading is returned for readings that are not those the criteria ask for.
	ErrReading = refusal.New("bad_reading", "the instruments did not read what the criteria ask for")
	// ErrNotLegitimate is returned for a thing that is out of range. It does not say in
	// what or by how much: who tunes a counterfeit would like to know.
	ErrNotLegitimate = refusal.New("not_legitimate", "the thing is not legitimate")
)

// A Quantity is a measured value in millionths of its unit. Devices compare whole
// numbers, so that all of them judge alike at a limit.
type Quantity int64

// MaxQuantity is the largest quantity: a thousand million units.
const MaxQuantity Quantity = 1e15

const unit = 1_000_000

// ParseQuantity reads a decimal number as instruments print it, with a point, at most
// six places and no exponent; it returns ErrReading for anything else. Places beyond
// the sixth may be zero: no value is rounded.
func ParseQuantity(s string) (Quantity, error) {
	refuse := func() (Quantity, error) { return 0, fmt.Errorf("%w: number %.40q", ErrReading, s) }
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, pointed := strings.Cut(digits, ".")
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" || len(whole) > 10 || len(fraction) > 6 || pointed && strings.HasSuffix(digits, ".") {
		return refuse()
	}
	n := int64(0)
	for _, c := range whole + fraction + strings.Repeat("0", 6-len(fraction)) {
		if c < '0' || c > '9' {
			return refuse()
		}
		n = 10*n + int64(c-'0')
	}
	if n > int64(MaxQuantity) {
		return refuse()
	}
	if negative {
		n = -n
	}
	return Quantity(n), nil
}

// QuantityOf returns the quantity next to x, for what computes a value instead of
// printing one.
func QuantityOf(x float64) (Quantity, error) {
	n := math.Round(x * unit)
	if math.IsNaN(n) || math.Abs(n) > float64(MaxQuantity) {
		return 0, fmt.Errorf("%w: number %v", ErrReading, x)
	}
	return Quantity(n), nil
}

// String returns the shortest decimal number.
func (q Quantity) String() string {
	sign, n := "", int64(q)
	if n < 0 {
		sign, n = "-", -n
	}
	out := fmt.Sprintf("%s%d.%06d", sign, n/unit, n%unit)
	return strings.TrimSuffix(strings.TrimRight(out, "0"), ".")
}

// MarshalText implements encoding.TextMarshaler.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText takes the shortest form only, so that a quantity has one spelling.
func (q *Quantity) UnmarshalText(b []byte) error {
	n, err := ParseQuantity(string(b))
	if err == nil && n.String() != string(b) {
		err = fmt.Errorf("%w: number %.40q", ErrReading, b)
	}
	*q = n
	return err
}

// A Criterion is the range of a feature, both ends included, that counts as legitimate
// (paper 001, 3.2: "the feature value to be acquired for each product and its
// legitimate range").
type Criterion struct {
	Feature string   `json:"feature" cbor:"1,keyasint"` // mass, refractive_index, nir_distance, hardness …
	High    Quantity `json:"high" cbor:"2,keyasint"`
	Low     Quantity `json:"low" cbor:"3,keyasint"`
	Unit    string   `json:"unit" cbor:"4,keyasint"` // UCUM: g, mg, nm, 1, [car_m] …
}

// A Reading is what an instrument read of a feature: the paper's input signals P1, P2.
type Reading struct {
	Feature string   `json:"feature"`
	Unit    string   `json:"unit"`
	Value   Quantity `json:"value"`
}

// MaxCriteria is the largest number of features of a product line.
const MaxCriteria = 16

// CheckCriteria returns ErrCriterion unless the features rise and each has a range.
func CheckCriteria(criteria []Criterion) error {
	if len(criteria) == 0 || len(criteria) > MaxCriteria {
		return fmt.Errorf("%w: 1 to %d features", ErrCriterion, MaxCriteria)
	}
	for i, c := range criteria {
		switch {
		case !name(c.Feature, false) || !name(c.Unit, true):
			return fmt.Errorf("%w: feature %.40q in unit %.40q", ErrCriterion, c.Feature, c.Unit)
		case i > 0 && criteria[i-1].Feature >= c.Feature:
			return fmt.Errorf("%w: the features do not rise", ErrCriterion)
		case c.Low > c.High || c.Low < -MaxQuantity || c.High > MaxQuantity:
			return fmt.Errorf("%w: %s from %s to %s", ErrCriterion, c.Feature, c.Low, c.High)
		}
	}
	return nil
}

// name reports whether s names a feature or, with signs, a unit of UCUM.
func name(s string, signs bool) bool {
	ok := s != "" && len(s) <= 40
	for _, c := range s {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || signs && c > ' ' && c < 0x7f)
	}
	return ok
}

// Judge is the paper's judgment section: it returns ErrNotLegitimate if a feature is
// out of its range, and ErrReading unless each feature was read once, in its unit, and
// nothing else. By criteria that are none, nothing is legitimate.
func Judge(criteria []Criterion, readings []Reading) error {
	if err := CheckCriteria(criteria); err != nil {
		return err
	}
	if len(readings) != len(criteria) {
		return fmt.Errorf("%w: %d readings for %d features", ErrReading, len(readings), len(criteria))
	}
	read := make(map[string]Reading, len(readings))
	for _, r := range readings {
		read[r.Feature] = r
	}
	legitimate := true
	for _, c := range criteria {
		r, ok := read[c.Feature]
		if !ok || r.Unit != c.Unit {
			return fmt.Errorf("%w: no %s in %s", ErrReading, c.Feature, c.Unit)
		}
		legitimate = legitimate && c.Low <= r.Value && r.Value <= c.High
	}
	if !legitimate {
		return ErrNotLegitimate
	}
	return nil
}
