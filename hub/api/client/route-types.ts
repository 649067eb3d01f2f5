import type { z } from "zod";
import type { Routes } from "../contract/routes.ts";

/**
 * Types of each call, worked out from the contract's route objects: nothing of the API is written down twice.
 * Only these few shallow conditionals are instantiated, one route at a time.
 */
export type RouteName = keyof Routes;

type Json<S> = { readonly content: { readonly "application/json": { readonly schema: S } } };

type ParamsOf<R> = R extends { request: { params: infer P extends z.ZodType } } ? { params: z.output<P> } : unknown;
type QueryOf<R> = R extends { request: { query: infer Q extends z.ZodType } } ? { query?: z.input<Q> } : unknown;
type BodyOf<R> = R extends { request: { body: Json<infer B extends z.ZodType> } } ? { body: z.input<B> } : unknown;

/** What a call needs: path parameters, query and JSON body, each only where the route has it. */
export type InputOf<K extends RouteName> = ParamsOf<Routes[K]> & QueryOf<Routes[K]> & BodyOf<Routes[K]>;

type SuccessOf<R> = R extends { responses: { 200: Json<infer S extends z.ZodType> } }
  ? z.output<S>
  : R extends { responses: { 201: Json<infer S extends z.ZodType> } }
    ? z.output<S>
    : never;

export type OutputOf<K extends RouteName> = SuccessOf<Routes[K]>;

/** Routes that answer with JSON; blobs and the event stream have methods of their own. */
export type JsonRouteName = { [K in RouteName]: [OutputOf<K>] extends [never] ? never : K }[RouteName];
