package gs1

import "testing"

// FNC1 stands between two elements of which the first has no predefined length, and
// nowhere else.
func TestFNC1(t *testing.T) {
	for in, want := range map[string]string{
		"(10)A(17)270331":      "10A\x1d17270331",
		"(17)270331(10)A":      "1727033110A",
		"(10)A(21)B":           "10A\x1d21B",
		"(21)B(10)A(254)C":     "21B\x1d10A\x1d254C",
		"(01)09521234543213":   "0109521234543213",
		`(10)\(\((21)\(01)`:    "10((\x1d21(01)",
		"(414)4012345000009":   "4144012345000009",
		"(11)270300(17)280300": "1127030017280300",
	} {
		elems, err := parseBracketed(in)
		if err != nil {
			t.Errorf("parseBracketed(%q) = %v", in, err)
			continue
		}
		if got := formatElements(elems); got != want {
			t.Errorf("formatElements of %q = %q, want %q", in, got, want)
		}
		if got := formatBracketed(elems); got != in {
			t.Errorf("formatBracketed of %q = %q", in, got)
		}
	}
}

// Elements survive both forms, in their order.
func fuzzElements(t *testing.T, elems []element) {
	t.Helper()
	s, b := formatElements(elems), formatBracketed(elems)
	plain, err := parseElements(s)
	if got := formatElements(plain); err != nil || got != s {
		t.Errorf("parseElements(%q) is written %q, %v", s, got, err)
	}
	bracketed, err := parseBracketed(b)
	if got := formatBracketed(bracketed); err != nil || got != b {
		t.Errorf("parseBracketed(%q) is written %q, %v", b, got, err)
	}
	if got := formatElements(bracketed); got != s {
		t.Errorf("%q is %q without brackets, want %q", b, got, s)
	}
}

func FuzzElementString(f *testing.F) {
	f.Add("01095212345432131727033110L/1\x1d21A(1)")
	f.Add("\x1d0109521234543213\x1d21A(1)\x1d10L/1\x1d17270331\x1d")
	f.Add("00340123451111111111020952123454321310L")
	f.Fuzz(func(t *testing.T, s string) {
		if elems, err := parseElements(s); err == nil {
			fuzzElements(t, elems)
		}
	})
}

func FuzzBracketed(f *testing.F) {
	f.Add(`01)09521234543213(17)270331(10)L/1(21)A\(1)`)
	f.Add(`414) 4012345000009 (254)\(\(`)
	f.Fuzz(func(t *testing.T, s string) {
		if elems, err := parseBracketed("(" + s); err == nil {
			fuzzElements(t, elems)
		}
	})
}
