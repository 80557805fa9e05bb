package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"theriac/client"
	"theriac/refusal"
)

// What a server refuses has a code; what it does not answer is unreachable.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"code":"unknown_serial","detail":"the packs are not in the batch"}`)
	}))
	c, err := client.New(server.URL, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Bundle(context.Background(), "(01)09521141000014(21)A1")
	fmt.Println(refusal.Code(err)+":", err)

	server.Close()
	_, err = c.Bundle(context.Background(), "(01)09521141000014(21)A1")
	fmt.Println(errors.Is(err, client.ErrUnreachable))
	// Output:
	// unknown_serial: the packs are not in the batch
	// true
}
