package gs1

// A Serial is the serial number of AI 21: 1 to 20 characters of Set82. How it
// comes to be hard to guess is its maker's concern.
type Serial string

// A Lot is the batch or lot number of AI 10: 1 to 20 characters of Set82.
type Lot string

// An SGTIN names one pack. It is comparable.
type SGTIN struct {
	GTIN   GTIN   `json:"gtin"`
	Serial Serial `json:"serial"`
}

// An LGTIN names one lot of a product. It is comparable.
type LGTIN struct {
	GTIN GTIN `json:"gtin" cbor:"1,keyasint"`
	Lot  Lot  `json:"lot" cbor:"2,keyasint"`
}

// Check returns nil for a serial that AI 21 can carry.
func (s Serial) Check() error { return checkAI("21", string(s)) }

// Check returns nil for a lot that AI 10 can carry.
func (l Lot) Check() error { return checkAI("10", string(l)) }

// MarshalText returns the characters, or the error of Check.
func (s Serial) MarshalText() ([]byte, error) { return marshal(s) }

// MarshalText returns the characters, or the error of Check.
func (l Lot) MarshalText() ([]byte, error) { return marshal(l) }

// UnmarshalText reads the characters.
func (s *Serial) UnmarshalText(text []byte) error { return unmarshal(s, text) }

// UnmarshalText reads the characters.
func (l *Lot) UnmarshalText(text []byte) error { return unmarshal(l, text) }

// Check returns nil if both halves are valid.
func (s SGTIN) Check() error {
	if err := s.GTIN.Check(); err != nil {
		return err
	}
	return s.Serial.Check()
}

// Check returns nil if both halves are valid.
func (l LGTIN) Check() error {
	if err := l.GTIN.Check(); err != nil {
		return err
	}
	return l.Lot.Check()
}

// Identifier returns s as an Identifier, which writes the other forms.
func (s SGTIN) Identifier() Identifier { return Identifier{GTIN: s.GTIN, Serial: s.Serial} }

// Identifier returns l as an Identifier, which writes the other forms.
func (l LGTIN) Identifier() Identifier { return Identifier{GTIN: l.GTIN, Lot: l.Lot} }

// String returns the bracketed form, (01)…(21)….
func (s SGTIN) String() string {
	return "(01)" + string(s.GTIN) + "(21)" + escapeBracket(string(s.Serial))
}

// String returns the bracketed form, (01)…(10)….
func (l LGTIN) String() string {
	return "(01)" + string(l.GTIN) + "(10)" + escapeBracket(string(l.Lot))
}
