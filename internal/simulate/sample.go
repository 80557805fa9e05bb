// Package simulate has instruments that measure nothing: what lies on them is set, and
// they answer with noise, drift and settling, in the protocols of real ones over real
// lines (docs/formats.md). They are for demonstrations and tests, and say so by their
// serial numbers and in all that the command prints of them.
package simulate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/genuine"
)

// A Sample is what lies on an instrument: its true values, by rising feature.
type Sample []genuine.Reading

// ParseSample reads values as mass=0.5123g or refractive_index=1.52, with a unit of
// UCUM; without one it is 1.
func ParseSample(values []string) (Sample, error) {
	var s Sample
	for _, v := range values {
		feature, value, ok := strings.Cut(v, "=")
		digits := strings.IndexFunc(value, func(c rune) bool { return !strings.ContainsRune("-.0123456789", c) })
		unit := "1"
		if digits >= 0 {
			value, unit = value[:digits], value[digits:]
		}
		q, err := genuine.ParseQuantity(value)
		if !ok || err != nil {
			return nil, fmt.Errorf("sample %q: it is written mass=0.5123g", v)
		}
		s = append(s, genuine.Reading{Feature: feature, Unit: unit, Value: q})
	}
	slices.SortFunc(s, func(a, b genuine.Reading) int { return strings.Compare(a.Feature, b.Feature) })
	var criteria []genuine.Criterion
	for _, r := range s {
		criteria = append(criteria, genuine.Criterion{Feature: r.Feature, Unit: r.Unit, Low: r.Value, High: r.Value})
	}
	if err := genuine.CheckCriteria(criteria); err != nil {
		return nil, fmt.Errorf("sample %q: %w", values, err)
	}
	return s, nil
}

// String returns the values for people.
func (s Sample) String() string {
	var out []string
	for _, r := range s {
		out = append(out, fmt.Sprintf("%s %s %s", r.Feature, r.Value, r.Unit))
	}
	return strings.Join(out, ", ")
}

// like returns an error unless s has the features and units of t: an instrument
// measures what it is built for.
func (s Sample) like(t Sample) error {
	same := func(a, b genuine.Reading) bool { return a.Feature == b.Feature && a.Unit == b.Unit }
	if !slices.EqualFunc(s, t, same) {
		return fmt.Errorf("the instrument measures the features of %q, not those of %q", t, s)
	}
	return nil
}

// shown returns x as an instrument shows it, which has steps of the given size.
func shown(x float64, step genuine.Quantity) (genuine.Quantity, error) {
	n := math.Round(x * 1e6 / float64(step))
	if math.IsNaN(n) || math.Abs(n) > float64(genuine.MaxQuantity/step) {
		return 0, fmt.Errorf("%w: %v cannot be shown", genuine.ErrReading, x)
	}
	return genuine.Quantity(n) * step, nil
}

// float returns q in its unit.
func float(q genuine.Quantity) float64 { return float64(q) / 1e6 }
