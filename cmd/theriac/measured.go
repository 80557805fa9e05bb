package main

import (
	"time"

	"theriac"
)

// printMeasured prints what paper 001 has to say of the pack and its material.
func printMeasured(con *console, f *theriac.Facts) {
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	for i := range f.Measured {
		m := &f.Measured[i]
		what := "the pack"
		switch {
		case m.Material != nil:
			what = m.Material.String()
		case m.Whole:
			what = "the case with the pack"
		}
		became := "not measured yet"
		switch {
		case !m.Verified.IsZero():
			became = "measured genuine at hand-over on " + at(m.Verified) + ", once"
		case !m.Current:
			became = "not measured, and registered anew since"
		}
		con.printf("  measured     %s, from %s for %s: %s\n", what, f.Name(m.From), f.Name(m.To), became)
		if m.Place != m.To {
			con.printf("               at %s\n", f.Name(m.Place))
		}
	}
	switch {
	case f.Redeemed != nil:
		con.printf("  code         redeemed on %s through %s, by the browser with key %s\n", at(f.Redeemed.At), f.Name(f.Redeemed.By), f.Redeemed.Browser)
	case f.Codes:
		con.printf("  code         concealed, not redeemed yet\n")
	}
}
