package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
)

// things registers what devices ask of a thing before they measure it.
func (s *server) things() {
	huma.Register(s.api, huma.Operation{
		OperationID: "thing", Method: http.MethodGet, Path: "/v1/things", Tags: []string{"genuine"}, Security: operator,
		Summary: "Where a pack stands in its batch, and the registration that it, or a lot of material, has now",
	}, func(ctx context.Context, in *struct {
		Code string `query:"code" required:"true" maxLength:"2000" doc:"What was scanned on the thing"`
	},
	) (*reply[api.Thing], error) {
		code, err := s.identifier(in.Code)
		if err != nil {
			return nil, err
		}
		return answer[api.Thing](s)(s.Supply.Thing(ctx, code))
	})
}
