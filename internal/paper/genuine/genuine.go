// Package genuine is paper 001 as printed: Abe, Arisaka, Kaneda, Iwamura, "A Supply
// Chain Management System to Prevent Counterfeiting and Trace Different Transactions
// Instead of using PUF Device", ICE-B 2021, sections 3.2 to 3.4, with Table 1 as an
// experiment and Table 2 as arithmetic. It is broken on purpose, wherever the print
// is. Tests take it as positive control (an attack that the print does not resist must
// succeed here) and theriac-bench as the source of tables 1 and 2. The product never
// imports it.
//
// # How the text was read
//
//   - The hash is SHA-256; the print names none. Key = SHA-256(J ⊕ U₁₂₈), and the
//     verification information is V = SHA-256(Key).
//   - J is one of two values of 128 bits, "binary values of legitimate or not
//     legitimate" (3.2). Ranges are "set in advance" for each product, the two values
//     are not: they are the same in all devices, for all products.
//   - "Concatenation is performed by an exclusive disjunction" (3.2, 3.3): the values
//     are XORed, and nothing is concatenated.
//   - XOR wants U in 128 bits. The print gives it five fields of no stated length; here
//     U₁₂₈ is the first half of SHA-256 over them, joined in the printed order. Who
//     does that is not said either: here whoever enters U, so that the devices take
//     what they XOR. If the device did it, the XOR shift would need a preimage.
//   - The blockchain is a map from identification information to verification
//     information and the verified mark. A later registration replaces an earlier one:
//     all transactions of a product have the same identification information, "the
//     manufacturer and serial number pair", and step (1) of 3.4 finds one V.
//   - Key2 goes to the identification device by a transaction, since Table 2 has one
//     for the verification device.
//   - The number of verifications begins at 0.
//
// # Printed errata and gaps
//
//   - 3.2 registers a product that its own judgment section found illegitimate: no step
//     stops. The key is then made from the other fixed value, and since 3.4 compares
//     hashes only, an illegitimate product at both ends is "verified".
//   - 3.2 and 3.4 do not say who may register, replace a registration, or write the
//     verified mark. The comparison of 3.4 runs in the end user's device; the chain
//     does not see it.
//   - 3.4 reads, compares and writes in three steps: two who read before either writes
//     both succeed.
//   - 4.1.1: whoever registers the number of verifications plus one opens a transaction
//     again. No authorisation is named.
//   - 4.1.1: "the random number is known only to the supplier and the end user"; in
//     step (1) of 3.3 the user enters it into the deliverer's device.
//   - 2.2 faults normal judgment for its fixed value; 3.2 has two fixed values. 4.2:
//     the method "does not fix a judgment value but outputs it randomly for each
//     transaction"; by 4.1.1 it is never output. What changes is the key.
//   - U names neither sender nor receiver nor place, though abstract and 4.2 promise to
//     control the location of products and to prevent diversion.
//   - 3.2: U is "unique to each product"; 4.1.1: to each transaction between companies.
//     As its identification information is the product's, the chain shows no hops.
//   - The temperature of U2 must equal that of U1 or the key differs: it is a label,
//     and nothing measured at the delivery.
//   - 3.3 allows generation and output to sit in the identification device; J, "not
//     output to the outside of the device", would then have to be.
//   - 3.4: the mark is linked to the verification information (text) or to the
//     identification information (step 3). What an end user is told when the mark is
//     there, or nothing is registered, is not said.
//   - 4.1.2: "the only information to be registered" leaves out the verified mark.
//   - 3.1: "each function is realized by blockchain". J and U2 in a contract's input
//     would be public; in Table 2 the verification device, which by 3.3 registers
//     nothing, takes more gas than the identification device, which writes the mark.
//     Either it is a transaction, and Key2 is public before it is used, or a call,
//     which costs nobody anything.
//   - Table 2: 34675 gas are less than 41000, a transaction (21000) that sets a fresh
//     word (20000, EIP-2200, in force on that day): the mark takes no word of its own,
//     unless a refund hides it. The dollars come out as printed, all three.
//   - 4.1.1 assumes no fraud between supplier and end user, and an unknown brand that
//     falsely sells is discussed in the same section.
package genuine

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strconv"
)

// Refusals of the identification device.
var (
	ErrUnknown  = errors.New("genuine: no verification information is registered")
	ErrVerified = errors.New("genuine: verified information is attached")
	ErrMismatch = errors.New("genuine: hash of Key2 is not the verification information")
)

// A Value is a string of 128 bits: a judgment value, or U when it is XORed.
type Value [16]byte

// A Judgment is the two values that the judgment section outputs (3.2).
type Judgment struct{ OK, Bad Value }

// A Range is what counts as legitimate of one feature, both ends included.
type Range struct{ Low, High float64 }

// A Signal is an input signal, P1 or P2: what the target gives to measure, one value
// for each feature.
type Signal []float64

// A Key is an identification key, Key1 or Key2; a Digest its hash, the verification
// information.
type (
	Key    [sha256.Size]byte
	Digest [sha256.Size]byte
)

// An ID is identification information: "the manufacturer and serial number pair".
type ID struct{ Manufacturer, Serial string }

// An Info is transaction information, U1 or U2, in the printed order.
type Info struct {
	ID
	Temperature   string
	Verifications int
	Random        string
}

// join appends the fields to b, without lengths or marks between them.
func (u Info) join(b []byte) []byte {
	b = append(append(append(b, u.Manufacturer...), u.Serial...), u.Temperature...)
	return append(strconv.AppendInt(b, int64(u.Verifications), 10), u.Random...)
}

// Value returns U₁₂₈.
func (u Info) Value() Value {
	sum := sha256.Sum256(u.join(make([]byte, 0, 128)))
	return Value(sum[:len(Value{})])
}

func xor(a, b Value) Value {
	subtle.XORBytes(a[:], a[:], b[:])
	return a
}
