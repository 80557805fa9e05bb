package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A bench is what every benchmark is given.
type bench struct {
	rounds   int
	dir      string // for what is written; empty: the system's temporary folder
	progress func(format string, args ...any)
}

// A result is a figure beside its anchor's.
type result struct {
	Name        string  `json:"name"`
	Value       float64 `json:"value"`
	Unit        string  `json:"unit"`
	Anchor      string  `json:"anchor"`
	AnchorValue float64 `json:"anchor_value"`
	Ratio       float64 `json:"ratio"`

	noise float64 // half of the spread of the value's rounds, as a part of the value
}

func newResult(name, unit string, value series, anchor string, anchorValue series) result {
	r := result{Name: name, Value: value.median(), Unit: unit, Anchor: anchor, AnchorValue: anchorValue.median()}
	r.Ratio = r.Value / r.AnchorValue
	if r.Value != 0 {
		r.noise = (value.quantile(0.75) - value.quantile(0.25)) / 2 / r.Value
	}
	return r
}

// printResults writes results for people.
func printResults(to io.Writer, results []result) error {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, r := range results {
		noise, ratio := "", "–"
		if r.noise > 0 {
			noise = fmt.Sprintf("±%.0f%%", 100*r.noise)
		}
		if r.AnchorValue != 0 {
			ratio = fmt.Sprintf("%.3f", r.Ratio)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\tratio %s\n", r.Name, figure(r.Value), r.Unit, noise, r.Anchor, figure(r.AnchorValue), ratio)
	}
	return t.Flush()
}

// figure prints four significant digits or all before the point.
func figure(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// A series is one thing measured in several rounds.
type series []float64

func fixed(v float64) series { return series{v} }

func (s series) median() float64 { return s.quantile(0.5) }

func (s series) quantile(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// interleave takes each measure once a round, in turn, so that what disturbs the
// machine disturbs all of them alike. Every other round goes backwards: none is
// always the one after a certain other.
func interleave(ctx context.Context, rounds int, measures ...func() (float64, error)) ([]series, error) {
	out := make([]series, len(measures))
	for round := range rounds {
		for i := range measures {
			if round%2 == 1 {
				i = len(measures) - 1 - i
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			v, err := measures[i]()
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], v)
		}
	}
	return out, nil
}
