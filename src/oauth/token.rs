//! Token endpoint answers (pure): grants, errors with their AADSTS numbers, id_token claims.
