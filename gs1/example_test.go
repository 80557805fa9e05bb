package gs1_test

import (
	"errors"
	"fmt"
	"time"

	"theriac/gs1"
)

func ExampleParseIdentifier() {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	// What a scanner sends for the DataMatrix of a medicine.
	id, err := gs1.ParseIdentifier("]d2010952123454321310LOT/7\x1d1727030021A1B2C3", now)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.GTIN, id.Serial, id.Lot, id.Expiry, id.Expiry.LastDay().Format(time.DateOnly))
	for _, write := range []func() (string, error){id.Bracketed, id.DigitalLink, id.ElementString} {
		s, err := write()
		fmt.Printf("%q %v\n", s, err)
	}
	// Output:
	// 09521234543213 A1B2C3 LOT/7 2027-03 2027-03-31
	// "(01)09521234543213(17)270300(10)LOT/7(21)A1B2C3" <nil>
	// "https://id.gs1.org/01/09521234543213/10/LOT%2F7/21/A1B2C3?17=270300" <nil>
	// "01095212345432131727030010LOT/7\x1d21A1B2C3" <nil>
}

func ExampleParseGTIN() {
	g, err := gs1.ParseGTIN("9521234543213")
	fmt.Println(g, err, g.HasPrefix("9521234"))
	_, err = gs1.ParseGTIN("9521234543214")
	fmt.Println(errors.Is(err, gs1.ErrCheckDigit))
	// Output:
	// 09521234543213 <nil> true
	// true
}

func ExampleIdentifier_URN() {
	pack := gs1.SGTIN{GTIN: "09521234543213", Serial: "A/1"}
	fmt.Println(pack.Identifier().URN(7))
	// Output: urn:epc:id:sgtin:9521234.054321.A%2F1 <nil>
}

func ExampleCheckDigit() {
	digit, err := gs1.CheckDigit("0952123454321")
	fmt.Println(string(digit), err)
	// Output: 3 <nil>
}
